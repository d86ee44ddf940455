/**
 * @file What the manifest says of the real trace ids of a model's exemplars: four bytes of a hash of each, so that a
 * store knows which models to ask for an id without opening any. A match is a hint; the model itself decides.
 */
import { createHash } from 'node:crypto';

/** Hex digits of one hash. */
const DIGITS = 8;

function fingerprint(traceId: string): string {
  return createHash('sha256').update(traceId).digest('hex').slice(0, DIGITS);
}

/** Hashes of ids (lower-case hex), sorted, in a row. */
export function exemplarFingerprints(traceIds: readonly string[]): string {
  return traceIds.map(fingerprint).sort().join('');
}

/** Whether the exemplar `traceId` may be among those of `fingerprints`. Never false for one that is. */
export function mayHoldExemplar(fingerprints: string | undefined, traceId: string): boolean {
  if (fingerprints === undefined || fingerprints === '') {
    return false;
  }
  const wanted = fingerprint(traceId);
  for (let at = 0; at < fingerprints.length; at += DIGITS) {
    if (fingerprints.startsWith(wanted, at)) {
      return true;
    }
  }
  return false;
}
