/**
 * @file Names that too few traces have. What a span or an attribute is called is what counts and questions go by, so a
 * name keeps its words; parts that tell one thing from another (numbers, ids, addresses, times) become placeholders:
 * `GET /users/8812` is `GET /users/{int}`, and all such spans are one operation.
 */
import type { BatchColumns, KeyEntry } from './columns';
import type { NodeEntry, OperationEntry } from './dictionary';
import { Interner } from './intern';
import { isWord, PartKind, textParts, type Part } from './text-tokens';

/** Letters without a break from here on are no word of a name, unless enough traces have them. */
const LONGEST_WORD = 24;
/** Numbers of so many digits are part of the word that they stand at: `v1`, `Travel2Controller`. */
const DIGITS_OF_WORDS = 2;

const PLACEHOLDERS: Partial<Record<PartKind, string>> = {
  [PartKind.Range]: '{int}',
  [PartKind.Digits]: '{int}',
  [PartKind.Octet]: '{int}',
  [PartKind.Uuid]: '{uuid}',
};

function placeholder(part: Part, vocabulary: ReadonlySet<string>): string {
  if (isWord(part)) {
    return part.text.length < LONGEST_WORD || vocabulary.has(part.text) ? part.text : '{word}';
  }
  return part.kind === PartKind.Literal ? part.text : (PLACEHOLDERS[part.kind] ?? '{id}');
}

/** A name without what tells one thing from another. */
export function generalName(name: string, vocabulary: ReadonlySet<string>): string {
  const parts = textParts(name);
  const isWordAt = (p: number): boolean => parts[p] !== undefined && isWord(parts[p]);
  return parts
    .map((part, p) =>
      part.kind === PartKind.Range && part.text.length <= DIGITS_OF_WORDS && (isWordAt(p - 1) || isWordAt(p + 1))
        ? part.text
        : placeholder(part, vocabulary)
    )
    .join('');
}

/** Calls `visit` once for each trace and thing in it. */
function tracesOf(batch: BatchColumns, size: number, things: (span: number, visit: (thing: number) => void) => void) {
  const traces = new Int32Array(size);
  const last = new Int32Array(size).fill(-1);
  for (let t = 0; t < batch.traces; t++) {
    for (let i = batch.spanOffset[t] as number; i < (batch.spanOffset[t + 1] as number); i++) {
      things(i, (thing) => {
        if (last[thing] !== t) {
          last[thing] = t;
          traces[thing] = (traces[thing] as number) + 1;
        }
      });
    }
  }
  return traces;
}

/** Operations whose names too few traces have get general names; those that are then the same become one. */
function withGeneralOperations(batch: BatchColumns, k: number, vocabulary: ReadonlySet<string>): BatchColumns {
  const { dictionary } = batch;
  const names = new Interner<string>();
  const nameOf = dictionary.operations.map(({ name }) => names.id(name, () => name));
  const operationOf = (span: number): number => dictionary.nodes[batch.node[span] as number]?.operation ?? 0;
  const traces = tracesOf(batch, names.size, (span, visit) => visit(nameOf[operationOf(span)] as number));
  const general = names.values.map((name, n) => ((traces[n] as number) >= k ? name : generalName(name, vocabulary)));
  if (general.every((name, n) => name === names.values[n])) {
    return batch;
  }
  const operations = new Interner<OperationEntry>();
  const newOperation = dictionary.operations.map((operation, o) => {
    const name = general[nameOf[o] as number] as string;
    const { service, kind, scope } = operation;
    return operations.id(`${service}|${kind}|${scope}|${name}`, () => ({ ...operation, name }));
  });
  const nodes = new Interner<NodeEntry>();
  const newNode = dictionary.nodes.map(({ operation, status }) => {
    const own = newOperation[operation] as number;
    return nodes.id(`${own}|${status}`, () => ({ operation: own, status }));
  });
  return {
    ...batch,
    dictionary: { ...dictionary, operations: operations.values, nodes: nodes.values },
    node: batch.node.map((node) => newNode[node] as number),
  };
}

/** Keys of attributes that too few traces have get general names. */
function withGeneralKeys(batch: BatchColumns, k: number, vocabulary: ReadonlySet<string>): BatchColumns {
  const traces = tracesOf(batch, batch.keys.length, (span, visit) => {
    const each = ({ offset, pool }: { offset: Int32Array; pool: Int32Array }, at: number): void => {
      for (let p = offset[at] as number; p < (offset[at + 1] as number); p++) {
        visit(batch.pairs[pool[p] as number]?.key ?? 0);
      }
    };
    each(batch.attributes, span);
    for (let e = batch.eventOffset[span] as number; e < (batch.eventOffset[span + 1] as number); e++) {
      each(batch.eventAttributes, e);
    }
    for (let l = batch.linkOffset[span] as number; l < (batch.linkOffset[span + 1] as number); l++) {
      each(batch.linkAttributes, l);
    }
    for (const pair of batch.resources[batch.resource[span] as number]?.pairs ?? []) {
      visit(batch.pairs[pair]?.key ?? 0);
    }
  });
  return {
    ...batch,
    keys: batch.keys.map((entry, key): KeyEntry =>
      entry.role === 'field' || (traces[key] as number) >= k
        ? entry
        : { role: entry.role, key: generalName(entry.key, vocabulary) }
    ),
  };
}

/**
 * The batch with general names where fewer than k traces have a name.
 * @param vocabulary - words that enough traces have
 */
export function withGeneralNames(batch: BatchColumns, k: number, vocabulary: ReadonlySet<string>): BatchColumns {
  return withGeneralKeys(withGeneralOperations(batch, k, vocabulary), k, vocabulary);
}
