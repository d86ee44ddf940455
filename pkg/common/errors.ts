/** @file Every error the project raises on purpose: one table of codes, one class. */

/** What to do about an error, and the HTTP status that an API answers it with. */
export interface ErrorEntry {
  /** HTTP status when the error reaches an API. */
  status: number;
  /** One sentence that tells a person what to do next. */
  hint: string;
}

/**
 * The table of error codes. A code is ROOM_PROBLEM; the message given at the throw says what and where,
 * the hint here says what to do.
 */
export const ERRORS = {
  USAGE: { status: 400, hint: 'run `gent --help` for the commands and their options' },
  INTERNAL: { status: 500, hint: 'this is a defect in GenT: please report it with the message above' },
  CANCELLED: { status: 499, hint: 'the caller went away; ask again' },
  LIMIT_EXCEEDED: { status: 422, hint: 'narrow the request, or raise the named limit' },
  FILE_NOT_FOUND: { status: 404, hint: 'check the path' },
  FILE_UNREADABLE: { status: 500, hint: 'check the permissions and that the file is whole' },
} as const satisfies Record<string, ErrorEntry>;

/** A code of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** An error a person can act on: code, what happened and where, and what to do. */
export class GentError extends Error {
  readonly code: ErrorCode;

  /**
   * @param code - a key of {@link ERRORS}
   * @param message - what happened and where (file, line, section, position)
   * @param options - `cause`: the error underneath
   */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GentError';
    this.code = code;
  }

  /** HTTP status that an API answers this error with. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** What a person can do about it. */
  get hint(): string {
    return ERRORS[this.code].hint;
  }

  /** The line that the command prints: `CODE: what, where; what to do`. */
  toLine(): string {
    return `${this.code}: ${this.message}; ${this.hint}`;
  }
}

/** Turns anything thrown into a {@link GentError}, keeping one that is already coded. */
export function asGentError(error: unknown): GentError {
  if (error instanceof GentError) {
    return error;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return new GentError('CANCELLED', 'the request was cancelled', { cause: error });
  }
  return new GentError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}
