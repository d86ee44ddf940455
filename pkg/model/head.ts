/** @file The manifest of a file without the rest of it: what a catalogue of many files needs. */
import { open } from 'node:fs/promises';
import { GentError } from '../common';
import { readOneSection } from './container';
import { modelIdOf, parseManifest, type Manifest } from './manifest';

const HEAD_BYTES = 64 * 1024;

/** Reads a part of a file: at most `length` bytes from `offset`, fewer only where the file ends. */
export type ReadPart = (offset: number, length: number) => Promise<Uint8Array>;

/**
 * Reads and verifies the manifest of a `.gent` file of `size` bytes, wherever it lies, from its first 64 KiB in most
 * cases. Checks that the file is as long as its table says, but not the bytes of the other sections: opening the model
 * does that.
 * @throws GentError MODEL_* that names the section; what `read` throws as it is
 */
export async function readManifest(size: number, read: ReadPart): Promise<Manifest> {
  const head = await read(0, Math.min(HEAD_BYTES, size));
  const { sections, data } = await readOneSection('manifest', head, size, read);
  const manifest = parseManifest(data);
  const id = modelIdOf(sections);
  if (manifest.id !== id) {
    throw new GentError('MODEL_CORRUPT', `section manifest: id ${manifest.id}, the sections give ${id}`);
  }
  return manifest;
}

/**
 * {@link readManifest} of a file on disk.
 * @throws GentError MODEL_* that names the section; the error of the file system as it is
 */
export async function readManifestFile(path: string): Promise<Manifest> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return await readManifest(size, async (offset, length) => {
      const buffer = Buffer.alloc(Math.min(length, Math.max(0, size - offset)));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      return buffer.subarray(0, bytesRead);
    });
  } finally {
    await file.close();
  }
}
