/** @file Writes a file so that nobody reads half of it. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GentError } from '../common';

/** Writes beside the target and renames. Missing directories are made. @throws GentError FILE_UNWRITABLE */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const target = path.resolve(file);
  const partial = `${target}.${process.pid}.partial`;
  try {
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(partial, bytes);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw new GentError('FILE_UNWRITABLE', `${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
