/** @file Words that enough traces have: what may stay of a text that is itself too rare to keep. */
import type { BatchColumns } from './columns';
import { wordsOf } from './text-tokens';

/** Long texts are looked at so far. */
const MAX_TEXT = 400;
/** Shorter words say too little to be worth keeping. */
const MIN_WORD = 2;

/** Words of the values, and names of events, that at least k traces have. */
export function vocabularyOf(batch: BatchColumns, k: number): Set<string> {
  const words = new Set<string>();
  const add = (text: string): void => {
    for (const word of wordsOf(text.slice(0, MAX_TEXT))) {
      if (word.length >= MIN_WORD) {
        words.add(word);
      }
    }
  };
  batch.pairs.forEach(({ value }, pair) => {
    if (typeof value === 'string' && (batch.pairTraces[pair] as number) >= k) {
      add(value);
    }
  });
  batch.eventNames.forEach((name, id) => {
    if ((batch.eventNameTraces[id] as number) >= k) {
      add(name);
    }
  });
  return words;
}
