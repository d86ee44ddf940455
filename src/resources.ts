/** @file What the backend's resources answer, and a short memory for them: an editor asks the same at each key. */
import { dateTimeFormat } from '@grafana/data';
import type { FilterValueType } from './types';

/** Attribute and intrinsic names by scope, as the backend's `tags` resource answers. */
export interface TagsResponse {
  scopes: Array<{ name: string; tags?: string[] }>;
}

/** A value of an attribute and how it is written. */
export interface TagValue {
  type: FilterValueType;
  value: string;
}

/** Values of one attribute, as the backend's `tag-values` resource answers. */
export interface TagValuesResponse {
  tagValues: Array<{ type: string; value?: string }>;
}

/** Answer of the resource `check`: lines and columns count from 1, `endColumn` is one past the end. */
export type QueryCheck =
  { kind: 'search' | 'metrics'; formatted: string } | { kind: 'empty' } | { kind: 'error'; error: QueryError };

export interface QueryError {
  code: string;
  message: string;
  hint: string;
  line: number;
  column: number;
  endColumn: number;
}

/** One thing that can be typed, with a line of help. */
export interface LanguageItem {
  text: string;
  type: string;
  help: string;
}

/** Answer of the resource `language`: TraceQL's vocabulary as the engine knows it. */
export interface TraceqlLanguage {
  scopes: LanguageItem[];
  intrinsics: Array<{ bare?: string; scoped?: string; type: string; help: string }>;
  keywords: LanguageItem[];
  functions: LanguageItem[];
  operators: LanguageItem[];
  hints: LanguageItem[];
}

/** A model as the resource `models` lists it. Times are ns as text. */
export interface ModelSummary {
  id: string;
  file?: string;
  window?: { start: string; end: string };
  traces?: number;
  spans?: number;
  bytes?: number;
}

/** Remembers answers for `milliseconds`. A failed answer is forgotten at once. */
export class Memo {
  private readonly answers = new Map<string, { at: number; answer: Promise<unknown> }>();

  constructor(
    private readonly milliseconds: number,
    private readonly now: () => number = Date.now
  ) {}

  get<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.answers.get(key);
    if (known !== undefined && this.now() - known.at < this.milliseconds) {
      return known.answer as Promise<T>;
    }
    const answer = ask();
    this.answers.set(key, { at: this.now(), answer });
    answer.catch(() => this.answers.delete(key));
    if (this.answers.size > 200) {
      this.answers.delete(this.answers.keys().next().value as string);
    }
    return answer;
  }
}

/** `2026-11-23 09:00 to 10:00, 1,234 traces`. */
export function modelLabel({ id, window, traces }: ModelSummary): string {
  if (window === undefined) {
    return id;
  }
  const at = (nanos: string, format: string) => dateTimeFormat(Number(BigInt(nanos) / 1_000_000n), { format });
  const count = traces === undefined ? '' : `, ${traces.toLocaleString('en-US')} traces`;
  return `${at(window.start, 'YYYY-MM-DD HH:mm')} to ${at(window.end, 'HH:mm')}${count}`;
}
