/** @file From a model's manifest to what the catalogue shows. */
import { type Manifest, readManifest, readManifestFile, readModelFile, type ReadPart } from '../model';
import type { SpanKinds, StoredModel } from './types';

/** The part of {@link StoredModel} that the model itself knows. */
export type ManifestFacts = Omit<StoredModel, 'file' | 'bytes' | 'createdUnixMs'>;

/** Batches of one system say the same of their spans, thousands of times: it is kept once. */
const known = new Map<string, SpanKinds>();
const MOST_KNOWN = 1000;

function kindsOf({ operations, attributes }: Manifest): SpanKinds {
  const list = operations.map(({ service, name, kind, errors }) => ({ service, name, kind, fails: errors > 0 }));
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  list.sort((a, b) => order(a.service, b.service) || order(a.name, b.name) || a.kind - b.kind);
  const kinds = { operations: list, spanKeys: attributes.span, resourceKeys: attributes.resource };
  const key = JSON.stringify(kinds);
  const same = known.get(key);
  if (same !== undefined) {
    return same;
  }
  if (known.size >= MOST_KNOWN) {
    known.clear();
  }
  known.set(key, kinds);
  return kinds;
}

function facts(manifest: Manifest): ManifestFacts {
  return {
    id: manifest.id,
    window: { start: BigInt(manifest.window.start), end: BigInt(manifest.window.end) },
    traces: manifest.counts.traces,
    spans: manifest.counts.spans,
    services: [...manifest.services].sort(),
    exemplars: manifest.counts.exemplars,
    kinds: kindsOf(manifest),
    ...(manifest.fidelity === undefined ? {} : { fidelity: manifest.fidelity }),
    ...(manifest.answerErrors === undefined ? {} : { answerErrors: manifest.answerErrors }),
    ...(manifest.exemplarIds === undefined ? {} : { exemplarIds: manifest.exemplarIds }),
  };
}

/**
 * Reads the manifest of a file, without its other sections.
 * @throws GentError MODEL_* that names the section
 */
export async function factsOfFile(path: string): Promise<ManifestFacts> {
  return facts(await readManifestFile(path));
}

/**
 * Reads the manifest of a file of `size` bytes that gives its parts.
 * @throws GentError MODEL_* that names the section; what `read` throws
 */
export async function factsOfParts(size: number, read: ReadPart): Promise<ManifestFacts> {
  return facts(await readManifest(size, read));
}

/**
 * Verifies every section of a whole model.
 * @throws GentError MODEL_* that names the section
 */
export function factsOfBytes(bytes: Uint8Array): ManifestFacts {
  return facts(readModelFile(bytes).manifest);
}
