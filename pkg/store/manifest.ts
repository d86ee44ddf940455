/** @file From a model's manifest to what the catalogue shows. */
import { type Manifest, readManifest, readManifestFile, readModelFile, type ReadPart } from '../model';
import type { StoredModel } from './types';

/** The part of {@link StoredModel} that the model itself knows. */
export type ManifestFacts = Omit<StoredModel, 'file' | 'bytes' | 'createdUnixMs'>;

function facts(manifest: Manifest): ManifestFacts {
  return {
    id: manifest.id,
    window: { start: BigInt(manifest.window.start), end: BigInt(manifest.window.end) },
    traces: manifest.counts.traces,
    spans: manifest.counts.spans,
    services: [...manifest.services].sort(),
    exemplars: manifest.counts.exemplars,
    ...(manifest.fidelity === undefined ? {} : { fidelity: manifest.fidelity }),
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
