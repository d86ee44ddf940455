import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { newAnomalies } from './anomalies';
import { groupSpans } from './assemble';
import { newReadContext } from './context';
import { otlpJson } from './otlp-json-write';
import { parseOtlpJson } from './otlp-json-read';
import { parseOtlpProtobuf } from './otlp-proto-read';
import { otlpProtobuf } from './otlp-proto-write';
import { newReadStats, readTraces } from './read';

const DATA = path.resolve(__dirname, '../../../shared/data');
const files = existsSync(DATA) ? readdirSync(DATA).filter((name) => name.endsWith('.otlp.ndjson.gz')) : [];
const describeIf = files.length > 0 ? describe : describe.skip;

/** Through protobuf go this many of a file's lines, spread evenly: the messages cost ten times what the text costs. */
const PROTOBUF_LINES = 300;

describeIf(`real traces (${files.length > 0 ? 'found' : 'skipped: no ../shared/data'})`, () => {
  test.each(files.length > 0 ? files : ['none'])('%s: OTLP → memory → OTLP loses nothing', (name) => {
    const lines = gunzipSync(readFileSync(path.join(DATA, name)))
      .toString('utf8')
      .trimEnd()
      .split('\n');
    const every = Math.max(1, Math.floor(lines.length / PROTOBUF_LINES));
    const context = newReadContext();
    let differing = 0;
    lines.forEach((line, i) => {
      const traces = groupSpans(parseOtlpJson(line, context));
      const written = otlpJson(traces);
      // The same text, or the same but for the order of an object's fields.
      if (written !== line && !isDeepStrictEqual(JSON.parse(written), JSON.parse(line))) {
        differing++;
      }
      if (i % every === 0) {
        const back = groupSpans(parseOtlpProtobuf(otlpProtobuf(traces), context));
        expect(otlpJson(back)).toBe(written);
      }
    });
    expect(differing).toBe(0);
    expect(context.anomalies).toEqual(newAnomalies());
  });

  test('otel-rich-opensearch-shop is read as its description says', async () => {
    const stats = newReadStats();
    const spans = [];
    for await (const trace of readTraces(path.join(DATA, 'otel-rich-opensearch-shop.otlp.ndjson.gz'), { stats })) {
      spans.push(...trace.spans);
    }
    expect(stats).toMatchObject({ documents: 108, traces: 108, spans: 984, bad: 0 });
    expect(spans.flatMap((span) => span.events).filter((event) => event.name === 'exception')).toHaveLength(14);
  });
});
