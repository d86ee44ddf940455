/** @file At most so many attributes of each operation: those that most of its spans have. */
import type { PairLists } from '../features';
import type { IdentifiedBatch } from './batch';

/** Pairs of each list whose key is among the `most` keys that are seen most often in lists of its group. */
function fewerPairs(
  batch: IdentifiedBatch,
  lists: PairLists,
  groupOf: (list: number) => number,
  most: number
): PairLists {
  const { offset, pool } = lists;
  const seen = new Map<number, Map<number, number>>();
  const isAttribute = (pair: number): boolean => batch.keys[batch.pairs[pair]?.key ?? -1]?.role === 'attribute';
  const each = (visit: (list: number, pair: number, key: number) => void): void => {
    for (let list = 0; list + 1 < offset.length; list++) {
      for (let p = offset[list] as number; p < (offset[list + 1] as number); p++) {
        const pair = pool[p] as number;
        visit(list, pair, batch.pairs[pair]?.key ?? -1);
      }
    }
  };
  each((list, pair, key) => {
    if (isAttribute(pair)) {
      const group = groupOf(list);
      const counts = seen.get(group) ?? new Map<number, number>();
      seen.set(group, counts.set(key, (counts.get(key) ?? 0) + 1));
    }
  });
  const kept = new Map(
    [...seen].map(([group, counts]) => [
      group,
      new Set(
        [...counts]
          .sort((a, b) => b[1] - a[1] || a[0] - b[0])
          .slice(0, most)
          .map(([key]) => key)
      ),
    ])
  );
  const lengths = new Int32Array(offset.length);
  const left: number[] = [];
  each((list, pair, key) => {
    if (!isAttribute(pair) || kept.get(groupOf(list))?.has(key) === true) {
      left.push(pair);
      lengths[list + 1] = (lengths[list + 1] as number) + 1;
    }
  });
  for (let list = 1; list < lengths.length; list++) {
    lengths[list] = (lengths[list] as number) + (lengths[list - 1] as number);
  }
  return { offset: lengths, pool: Int32Array.from(left) };
}

/** For each element of a list of lists, which list it is in. */
function ownersOf(offset: Int32Array): Int32Array {
  const owners = new Int32Array(offset[offset.length - 1] ?? 0);
  for (let list = 0; list + 1 < offset.length; list++) {
    owners.fill(list, offset[list], offset[list + 1]);
  }
  return owners;
}

/**
 * The batch with at most `most` attribute keys for the spans of each operation, and for its events by name and its links:
 * those that are seen most often. Resources, and fields such as the status message, stay whole.
 */
export function withFewerAttributes(batch: IdentifiedBatch, most: number): IdentifiedBatch {
  const operationOf = (span: number): number => batch.dictionary.nodes[batch.node[span] as number]?.operation ?? 0;
  const spanOfEvent = ownersOf(batch.eventOffset);
  const spanOfLink = ownersOf(batch.linkOffset);
  const names = batch.eventNames.length;
  return {
    ...batch,
    attributes: fewerPairs(batch, batch.attributes, operationOf, most),
    eventAttributes: fewerPairs(
      batch,
      batch.eventAttributes,
      (event) => operationOf(spanOfEvent[event] as number) * names + (batch.eventName[event] as number),
      most
    ),
    linkAttributes: fewerPairs(batch, batch.linkAttributes, (link) => operationOf(spanOfLink[link] as number), most),
  };
}
