/** @file Who may ask: bearer tokens, read from a file that may change while the server runs. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { GentError } from '../common';

/** Says whether the value of an Authorization header lets its sender in. */
export type AccessCheck = (authorization: string | undefined) => boolean;

/** How often the file is looked at for a change. */
const LOOK_EVERY_MS = 1000;

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Digests compare in the same time wherever they differ, and have one length. */
function tokensOf(text: string): Buffer[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(digest);
}

/** The token of `Bearer T`, or the password of `Basic …`, which Grafana can send too. */
function tokenOf(authorization: string): string | undefined {
  const match = /^(bearer|basic) +(\S+) *$/i.exec(authorization);
  if (match?.[1]?.toLowerCase() === 'bearer') {
    return match[2];
  }
  const pair = match === null ? '' : Buffer.from(match[2] as string, 'base64').toString('utf8');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
}

/** Lets in who sends one of these tokens. */
export function tokenAccess(tokens: readonly string[]): AccessCheck {
  return accessOf(() => tokens.map(digest));
}

function accessOf(known: () => readonly Buffer[]): AccessCheck {
  return (authorization) => {
    const token = authorization === undefined ? undefined : tokenOf(authorization);
    if (token === undefined || token === '') {
      return false;
    }
    const sent = digest(token);
    return known().reduce((found, one) => timingSafeEqual(one, sent) || found, false);
  };
}

/**
 * Lets in who sends a token of the file: one a line, empty lines and lines that begin with # left out. A changed file
 * counts within a second; while it cannot be read, or holds none, the tokens read last hold.
 * @throws GentError USAGE when the file cannot be read at first, or holds no token
 */
export function tokenFileAccess(file: string, now: () => number = () => performance.now()): AccessCheck {
  let version = '';
  let lookedAt = Number.NEGATIVE_INFINITY;
  let tokens: readonly Buffer[] = [];
  const look = () => {
    const { mtimeMs, size, ino } = statSync(file);
    const seen = `${mtimeMs} ${size} ${ino}`;
    if (seen !== version) {
      const read = tokensOf(readFileSync(file, 'utf8'));
      version = seen;
      tokens = read.length > 0 ? read : tokens;
    }
    lookedAt = now();
  };
  try {
    look();
  } catch (error) {
    throw new GentError('USAGE', `the file of tokens ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (tokens.length === 0) {
    throw new GentError('USAGE', `the file of tokens ${file} holds none: one a line is expected`);
  }
  return accessOf(() => {
    if (now() - lookedAt >= LOOK_EVERY_MS) {
      try {
        look();
      } catch {
        lookedAt = now();
      }
    }
    return tokens;
  });
}
