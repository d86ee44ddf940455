/** @file Secrets at scale: 100,000 generated traces, and every byte of the models that gave them, are searched for what fewer than k traces had. */
import { openModel } from '../../pkg/generate';
import { trainModel } from '../../pkg/train';
import { asText, secretsIn, tracesWithSecrets, unpacked } from '../core/secrets';
import type { Bench } from './types';

const K = 5;
const MODELS = 5;
const TRACES = 20_000;
const A_SLICE = 500;

export const bench: Bench = {
  name: 'privacy',
  async run({ quick, log }) {
    const found: string[] = [];
    let secrets = 0;
    let generated = 0;
    let bytes = 0;
    for (let seed = 1; seed <= (quick ? 1 : MODELS); seed++) {
      const batch = tracesWithSecrets(quick ? TRACES / 10 : TRACES, K, seed);
      secrets += batch.secrets.length;
      log(`model ${seed}: training on ${batch.traces.length} traces with ${batch.secrets.length} secrets`);
      const trained = await trainModel(batch.traces, { epochs: 1, privacyK: K, exemplarBytes: 0, seed });
      bytes += trained.bytes.length;
      found.push(...secretsIn(unpacked(trained.bytes), batch));
      const model = await openModel(trained.bytes);
      const slice = Array.from({ length: A_SLICE }, (_, i) => i);
      for (let from = 0; from < model.traceCount; from += A_SLICE) {
        const traces = await model.generate(slice.map((i) => from + i).filter((i) => i < model.traceCount));
        generated += traces.length;
        found.push(...secretsIn(asText(traces), batch));
      }
      await model.close();
    }
    found.forEach((secret) => log(`found: ${secret}`));
    return [
      { what: 'secrets, each in 4 traces', value: secrets, unit: 'secrets' },
      { what: 'bytes of models searched, before unpacking', value: bytes, unit: 'bytes' },
      { what: 'generated traces searched', value: generated, unit: 'traces' },
      { what: 'secrets found', value: found.length, unit: 'secrets', target: '0' },
    ];
  },
};
