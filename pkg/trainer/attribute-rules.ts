/** @file The rules for attributes that a trainer's configuration asks for. */
import { readFileSync } from 'node:fs';
import { GentError } from '../common';
import { AttributeRules } from '../trace';
import type { TrainerConfig } from './config';

/** @throws GentError FILE_* when the key of the hashes cannot be read */
export function attributeRules(
  config: Pick<TrainerConfig, 'dropAttributes' | 'hashAttributes' | 'keepAttributes' | 'hashKey'>
): AttributeRules {
  let hashKey: Uint8Array | undefined;
  if (config.hashKey !== '') {
    try {
      hashKey = readFileSync(config.hashKey);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw new GentError(missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', `hash-key: ${config.hashKey}`, {
        cause: error,
      });
    }
  }
  return new AttributeRules({
    drop: config.dropAttributes,
    hash: config.hashAttributes,
    ...(config.keepAttributes === undefined ? {} : { keep: config.keepAttributes }),
    ...(hashKey === undefined ? {} : { hashKey }),
  });
}
