/** @file The version of this build. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

declare const __GENT_VERSION__: string | undefined;

/** The version in package.json: compiled into a bundle, read from the file in a checkout. */
export function gentVersion(): string {
  if (typeof __GENT_VERSION__ !== 'undefined') {
    return __GENT_VERSION__;
  }
  const text = readFileSync(path.resolve(__dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
