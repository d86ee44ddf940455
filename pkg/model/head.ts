/** @file The manifest of a file without the rest of it: what a catalogue of many files needs. */
import { open } from 'node:fs/promises';
import { GentError } from '../common';
import { readOneSection } from './container';
import { modelIdOf, parseManifest, type Manifest } from './manifest';

const HEAD_BYTES = 64 * 1024;

/**
 * Reads and verifies the manifest of a `.gent` file on disk. Checks that the file is as long as its table says, but
 * not the bytes of the other sections: opening the model does that.
 * @throws GentError MODEL_* that names the section; the error of the file system as it is
 */
export async function readManifestFile(path: string): Promise<Manifest> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      const buffer = Buffer.alloc(Math.min(length, Math.max(0, size - offset)));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      return buffer.subarray(0, bytesRead);
    };
    const { sections, data } = await readOneSection('manifest', await read(0, HEAD_BYTES), size, read);
    const manifest = parseManifest(data);
    const id = modelIdOf(sections);
    if (manifest.id !== id) {
      throw new GentError('MODEL_CORRUPT', `section manifest: id ${manifest.id}, the sections give ${id}`);
    }
    return manifest;
  } finally {
    await file.close();
  }
}
