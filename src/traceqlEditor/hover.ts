/** @file A line of help on the word under the pointer. */
import type { TraceqlLanguage } from '../resources';
import { splitAttribute, tokenize } from '../traceql';

export interface Hover {
  /** Markdown. */
  text: string;
  start: number;
  end: number;
}

function helpOf(word: string, language: TraceqlLanguage): string | undefined {
  const intrinsic = language.intrinsics.find(({ bare, scoped }) => word === bare || word === scoped);
  if (intrinsic !== undefined) {
    return `intrinsic, ${intrinsic.type}: ${intrinsic.help}`;
  }
  const { functions, keywords, operators, hints } = language;
  const item =
    functions.find(({ text }) => text === `${word}()`) ??
    [...keywords, ...operators, ...hints].find(({ text }) => text === word);
  return item?.help;
}

/** Help on the token at `offset`, or undefined where there is none. */
export function hoverAt(text: string, offset: number, language: TraceqlLanguage): Hover | undefined {
  const token = tokenize(text).find(({ start, end }) => start <= offset && offset < end);
  if (token === undefined || !['attribute', 'word', 'symbol'].includes(token.kind)) {
    return undefined;
  }
  let help = helpOf(token.text, language);
  if (help === undefined && token.kind === 'attribute') {
    const { scope } = splitAttribute(token.text.replace(/^parent\./, ''));
    const prefix = scope === undefined || scope === 'unscoped' ? '.' : `${scope}.`;
    help = language.scopes.find((item) => item.text === prefix)?.help;
  }
  return help === undefined ? undefined : { text: `\`${token.text}\`: ${help}`, start: token.start, end: token.end };
}
