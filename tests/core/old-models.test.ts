/**
 * @file Models of earlier builds: they open, and generate the same bytes as the build that wrote them.
 * `shop-format-1.gent` was trained by version 0.1.0 on 600 traces of the demo shop (seed 7, 4 epochs, 40,000 bytes);
 * `shop-format-1-even.gent` in the same way, by the last build whose networks do not foresee what children take;
 * `shop-format-1-whole.gent` by the last one that kept widths of bins to the point, and weights of seven bits;
 * `shop-format-1-apart.gent` by the last one whose branches knew nothing of each other.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openModel } from '../../pkg/generate';
import { otlpJson } from '../../pkg/trace';

const MODELS = [
  {
    file: 'shop-format-1.gent',
    id: '135e548c41714cdfeda94050b1599ea0',
    traces: 600,
    sha256: '2a47527518bec430fbd7e68f4849878461bd45a4df02c7ff7dc66ee202bc3254',
  },
  {
    file: 'shop-format-1-even.gent',
    id: '39375d9b82dd290ab107bc8996cba568',
    traces: 600,
    sha256: 'd77eed6199727baf20537d098ffd74e0abc3470455d02f9bfbfabe5fa3d2ab77',
  },
  {
    file: 'shop-format-1-whole.gent',
    id: '81f5388a789a759c7d965141e9579895',
    traces: 600,
    sha256: '07e0cee67807575a889f00462530ab781e88b49d1d27bd23d6fce5d9bf0bde1a',
  },
  {
    file: 'shop-format-1-apart.gent',
    id: 'eb1f06addd0ce2064aedb0495ad1ac11',
    traces: 600,
    sha256: '13f9c4131f399c3de7874bcfd1ccee38d959c6dd080dc2916bb240ea52236d0f',
  },
] as const;

test.each(MODELS)('$file generates what it always did', async ({ file, id, traces, sha256 }) => {
  const model = await openModel(readFileSync(path.join(__dirname, 'fixtures', file)));
  try {
    expect([model.modelId, model.traceCount]).toEqual([id, traces]);
    const generated = await model.generate(Array.from({ length: traces }, (_, i) => i));
    expect(createHash('sha256').update(otlpJson(generated)).digest('hex')).toBe(sha256);
  } finally {
    await model.close();
  }
});
