/** @file Classes of spans, and exact counts of their spans by time bucket. */
import { expandPattern, Letter, ROOT, valueKey, type Bag, type ModelContent } from '../features';
import type { AttributeValue, KeyValue, Trace } from '../trace';
import type { SpanClass, SpanCounts } from './types';

/** Attributes that every resource of a model carries. @param generated - false for those of real traces */
export function markers(modelId: string, generated = true): KeyValue[] {
  return [
    { key: 'gent.generated', value: generated },
    { key: 'gent.model', value: modelId },
  ];
}

/** Keys of a bag that always have one value, and those that vary. */
function splitBag(content: ModelContent, bag: Bag): { constants: KeyValue[]; variables: Set<string> } {
  const { keys, pairs } = content.attributes.list;
  const constants: KeyValue[] = [];
  const variables = new Set<string>();
  const slotsOfKey = new Map<number, number>();
  bag.slots.forEach((slot) => slotsOfKey.set(slot.key, (slotsOfKey.get(slot.key) ?? 0) + 1));
  for (const slot of bag.slots) {
    const { role, key } = keys[slot.key] as { role: string; key: string };
    if (role !== 'attribute') {
      continue;
    }
    const only = slot.letters.length === 1 && slotsOfKey.get(slot.key) === 1 ? slot.letters[0] : undefined;
    if (only?.letter === Letter.Value) {
      constants.push({ key, value: pairs[only.pair]?.value as AttributeValue });
    } else {
      variables.add(key);
    }
  }
  return { constants, variables };
}

function splitResources(
  content: ModelContent,
  service: number,
  modelId: string,
  exemplars: boolean
): { constants: KeyValue[]; variables: Set<string> } {
  const instances = content.resources[service]?.instances ?? [];
  // Where some traces are real, the mark that says so varies.
  const marks = markers(modelId);
  const constants: KeyValue[] = exemplars ? marks.slice(1) : marks;
  const variables = new Set<string>(exemplars ? [(marks[0] as KeyValue).key] : []);
  const first = instances[0];
  for (const { attributes } of instances) {
    for (const attribute of attributes) {
      const same = instances.every((instance) => {
        const found = instance.attributes.filter((other) => other.key === attribute.key);
        const only = found[0];
        return found.length === 1 && only?.templates === undefined && Object.is(only?.value, attribute.value);
      });
      if (!same) {
        variables.add(attribute.key);
      } else if (first?.attributes.includes(attribute)) {
        constants.push({ key: attribute.key, value: attribute.value });
      }
    }
  }
  return { constants, variables };
}

/** Whether a real trace is what its classes say: push-down relies on classes, also for traces kept verbatim. */
export function fitsClasses(table: ClassTable, shape: number, trace: Trace): boolean {
  const fits = (
    attributes: readonly KeyValue[],
    constants: readonly KeyValue[],
    variables: ReadonlySet<string>
  ): boolean => {
    const constantOf = new Map(constants.map(({ key, value }) => [key, valueKey(value)]));
    const own = new Map(attributes.map(({ key, value }) => [key, valueKey(value)]));
    return (
      attributes.every(({ key, value }) => variables.has(key) || constantOf.get(key) === valueKey(value)) &&
      constants.every(({ key, value }) => key.startsWith('gent.') || own.get(key) === valueKey(value))
    );
  };
  return trace.spans.every((span, i) => {
    const found = table.classes[table.ofShape[shape]?.[i] as number];
    return (
      found !== undefined &&
      fits(span.attributes, found.spanConstants, found.spanVariables) &&
      fits(span.resource.attributes, found.resourceConstants, found.resourceVariables)
    );
  });
}

export interface ClassTable {
  readonly classes: readonly SpanClass[];
  /** Class of each node of each shape. */
  readonly ofShape: readonly Uint32Array[];
}

/**
 * Numbers the classes: node of the dictionary, root operation, root or not.
 * @param exemplars - whether the model holds real traces
 */
export function buildClasses(content: ModelContent, modelId: string, exemplars: boolean): ClassTable {
  const { dictionary, layouts } = content;
  const ids = new Map<string, number>();
  const classes: SpanClass[] = [];
  const bags = content.attributes.operations.map((operation) => splitBag(content, operation.spans));
  const resources = dictionary.services.map((_, service) => splitResources(content, service, modelId, exemplars));
  const ofShape = layouts.map((layout) => {
    // The root that TraceQL means is the last span without a parent id.
    let root = -1;
    layout.parent.forEach((parent, i) => {
      if (parent === ROOT) {
        root = i;
      }
    });
    const rootOperation = root < 0 ? undefined : dictionary.operations[layout.operation[root] as number];
    return Uint32Array.from(layout.node, (node, i) => {
      const isRoot = layout.parent[i] === ROOT;
      const key = `${node}|${root < 0 ? -1 : layout.operation[root]}|${isRoot}`;
      let id = ids.get(key);
      if (id === undefined) {
        id = classes.length;
        ids.set(key, id);
        const entry = dictionary.nodes[node] as { operation: number; status: number };
        const operation = dictionary.operations[entry.operation] as { service: number; name: string; kind: number };
        const bag = bags[entry.operation] as { constants: KeyValue[]; variables: Set<string> };
        const resource = resources[operation.service] as { constants: KeyValue[]; variables: Set<string> };
        classes.push({
          id,
          service: dictionary.services[operation.service] as string,
          name: operation.name,
          kind: operation.kind,
          statusCode: entry.status,
          rootService: rootOperation === undefined ? '' : (dictionary.services[rootOperation.service] as string),
          rootName: rootOperation?.name ?? '',
          isRoot,
          spanConstants: bag.constants,
          spanVariables: bag.variables,
          resourceConstants: resource.constants,
          resourceVariables: resource.variables,
        });
      }
      return id;
    });
  });
  return { classes, ofShape };
}

/** Adds up the counts by class and bucket. */
export function buildSpanCounts(content: ModelContent, table: ClassTable): SpanCounts {
  const { counts, layouts } = content;
  const cells: Array<Map<number, number>> = table.classes.map(() => new Map());
  // Spans of one class in one shape, for the many rows whose traces do not cross a bucket's edge.
  const perShape = table.ofShape.map((classes) => {
    const sums = new Map<number, number>();
    for (const id of classes) {
      sums.set(id, (sums.get(id) ?? 0) + 1);
    }
    return sums;
  });
  const add = (id: number, bucket: number, count: number): void => {
    const cell = cells[id] as Map<number, number>;
    cell.set(bucket, (cell.get(bucket) ?? 0) + count);
  };
  counts.bucket.forEach((bucket, row) => {
    const shape = counts.shape[row] as number;
    const count = counts.count[row] as number;
    const shifts = expandPattern(counts.patterns[counts.pattern[row] as number] ?? [], layouts[shape]?.size ?? 0);
    if (shifts === undefined) {
      perShape[shape]?.forEach((spans, id) => add(id, bucket, spans * count));
    } else {
      table.ofShape[shape]?.forEach((id, i) => add(id, bucket + (shifts[i] as number), count));
    }
  });
  const offsets = new Uint32Array(cells.length + 1);
  cells.forEach((cell, id) => {
    offsets[id + 1] = (offsets[id] as number) + cell.size;
  });
  const buckets = new Float64Array(offsets[cells.length] as number);
  const values = new Uint32Array(buckets.length);
  cells.forEach((cell, id) => {
    [...cell]
      .sort((a, b) => a[0] - b[0])
      .forEach(([bucket, count], i) => {
        buckets[(offsets[id] as number) + i] = bucket;
        values[(offsets[id] as number) + i] = count;
      });
  });
  return { bucketSeconds: counts.bucketSeconds, offsets, buckets, counts: values };
}
