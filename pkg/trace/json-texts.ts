/** @file Tells NDJSON from pretty-printed JSON and gives the documents of either, one at a time. */
import { GentError } from '../common';
import type { Line } from './lines';

/** One JSON document as text. */
export interface JsonText {
  /** The line it begins at, from 1. */
  readonly line: number;
  readonly text: string;
  /** The parsed document, where finding its end needed parsing anyway. */
  readonly parsed?: unknown;
  /** Why it could not be read at all. */
  readonly error?: GentError;
}

const BOM = '\uFEFF';

/**
 * Fed with lines, gives documents. The first line decides: one that is a whole document means NDJSON; one that is only the
 * beginning of a document means documents over several lines, each ending where its brackets are closed.
 */
export class JsonTexts {
  private mode: 'unknown' | 'maybe-pretty' | 'lines' | 'pretty' = 'unknown';
  private parts: string[] = [];
  private size = 0;
  private began = 0;
  private readonly brackets = new Brackets();

  /** @param maxBytes - longest document over several lines */
  constructor(private readonly maxBytes: number) {}

  push({ number, bytes }: Line): JsonText[] {
    if (bytes === undefined) {
      const error = new GentError('LIMIT_EXCEEDED', `the line is longer than JSON_LINE_BYTES (${this.maxBytes})`);
      return [{ line: number, text: '', error }];
    }
    let text = bytes.toString('utf8');
    if (number === 1 && text.startsWith(BOM)) {
      text = text.slice(1);
    }
    switch (this.mode) {
      case 'lines':
        return text.trim() === '' ? [] : [{ line: number, text }];
      case 'pretty':
        return this.continuePretty(number, text);
      case 'maybe-pretty':
        return this.secondLine(number, text);
      case 'unknown':
        return this.firstLine(number, text);
    }
  }

  /** What is left when the input ends. */
  end(): JsonText[] {
    if (this.parts.length === 0) {
      return [];
    }
    return [this.take()];
  }

  private firstLine(number: number, text: string): JsonText[] {
    if (text.trim() === '') {
      return [];
    }
    const parsed = tryParse(text);
    if (parsed !== undefined) {
      this.mode = 'lines';
      return [{ line: number, text, parsed }];
    }
    this.mode = 'maybe-pretty';
    this.began = number;
    this.keep(text);
    return [];
  }

  private secondLine(number: number, text: string): JsonText[] {
    if (text.trim() === '') {
      return [];
    }
    // After a first line that is no document, a whole object at the left margin can only be the next line of NDJSON:
    // within an object it cannot stand there, and within an array the first line is the bracket alone.
    const first = this.parts[0] ?? '';
    const parsed = text.startsWith('{') && first.trimStart().startsWith('{') ? tryParse(text) : undefined;
    if (parsed !== undefined || !this.brackets.feed(first)) {
      this.mode = 'lines';
      const bad = this.take();
      return text.trim() === '' ? [bad] : [bad, { line: number, text, parsed }];
    }
    this.mode = 'pretty';
    return this.continuePretty(number, text);
  }

  private continuePretty(number: number, text: string): JsonText[] {
    if (this.parts.length === 0) {
      if (text.trim() === '') {
        return [];
      }
      this.began = number;
    }
    this.keep(text);
    const open = this.brackets.feed(text);
    if (open && this.size <= this.maxBytes) {
      return [];
    }
    if (open) {
      const error = new GentError('LIMIT_EXCEEDED', `the document is longer than JSON_LINE_BYTES (${this.maxBytes})`);
      return [{ ...this.take(), text: '', error }];
    }
    return [this.take()];
  }

  private keep(text: string): void {
    this.parts.push(text);
    this.size += text.length + 1;
  }

  private take(): JsonText {
    const text = this.parts.join('\n');
    this.parts = [];
    this.size = 0;
    this.brackets.reset();
    return { line: this.began, text };
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const TOKENS = /["\\{}[\]]/g;

/** Counts open brackets across lines, knowing strings. */
class Brackets {
  private depth = 0;

  reset(): void {
    this.depth = 0;
  }

  /** Takes one line in. @returns whether brackets are open after it */
  feed(line: string): boolean {
    // A JSON string never spans lines.
    let inString = false;
    TOKENS.lastIndex = 0;
    for (let token = TOKENS.exec(line); token !== null; token = TOKENS.exec(line)) {
      const character = token[0];
      if (inString) {
        if (character === '\\') {
          TOKENS.lastIndex = token.index + 2;
        } else if (character === '"') {
          inString = false;
        }
      } else if (character === '"') {
        inString = true;
      } else if (character === '{' || character === '[') {
        this.depth++;
      } else if (character === '}' || character === ']') {
        this.depth--;
      }
    }
    return this.depth > 0;
  }
}
