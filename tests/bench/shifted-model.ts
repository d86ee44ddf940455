/** @file The same model at another time: a store of many models without training each of them. */
import { readContent, writeContent } from '../../pkg/features';
import { type Manifest, readModelFile, type SectionName, SECTIONS, writeModelFile } from '../../pkg/model';

const NANOS = 1_000_000_000n;

/**
 * Moves the traces of a model by whole minutes. Everything but the times (and what follows from the model's id: the
 * drawn values) stays.
 */
export function shiftedModel(bytes: Uint8Array, minutes: number): Uint8Array {
  const file = readModelFile(bytes);
  const content = readContent((name) => file.section(name));
  const seconds = minutes * 60;
  const nanos = BigInt(seconds) * NANOS;
  const { window, counts } = content;
  const moved = writeContent(
    {
      ...content,
      window: {
        ...window,
        minStart: window.minStart + nanos,
        maxStart: window.maxStart + nanos,
        maxEnd: window.maxEnd + nanos,
      },
      counts: { ...counts, bucket: counts.bucket.map((bucket) => bucket + seconds / counts.bucketSeconds) },
    },
    false
  );
  const sections = Object.fromEntries(
    SECTIONS.map((name) => [name, name === 'counts' ? moved.counts : file.section(name)])
  ) as Record<SectionName, Uint8Array>;
  const { start, end } = file.manifest.window;
  const manifest: Manifest = {
    ...file.manifest,
    window: { start: String(BigInt(start) + nanos), end: String(BigInt(end) + nanos) },
  };
  const { format: _f, id: _i, generator: _g, sections: _s, ...input } = manifest;
  return writeModelFile(sections, input).bytes;
}
