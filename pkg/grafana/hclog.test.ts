import fc from 'fast-check';
import { PassThrough } from 'node:stream';
import { hclogLine, hclogLogger } from './hclog';

const NOW = new Date('2026-11-23T04:27:28.054Z');

test('a line is what go-plugin reads: string fields with @, six digits of fraction', () => {
  const line = hclogLine('warn', 'slow', { ms: 12.5, ok: true, spans: 10n, none: undefined }, NOW);
  expect(JSON.parse(line)).toEqual({
    '@level': 'warn',
    '@message': 'slow',
    '@timestamp': '2026-11-23T04:27:28.054000Z',
    ms: 12.5,
    ok: true,
    spans: '10',
  });
});

test('whatever is logged, the fields the host reads are strings and the line is short enough', () => {
  const fields = fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('@level', '@message', '@timestamp')),
    fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.bigInt(), fc.constant('x'.repeat(100_000)))
  );
  fc.assert(
    fc.property(fc.string(), fields, (message, values) => {
      const line = hclogLine('info', message, values, NOW);
      expect(line).not.toContain('\n');
      const parsed = JSON.parse(line) as Record<string, unknown>;
      expect(parsed['@message']).toBe(message);
      expect(parsed['@level']).toBe('info');
      expect(parsed['@timestamp']).toBe('2026-11-23T04:27:28.054000Z');
    }),
    { seed: 1, numRuns: 200 }
  );
  expect(hclogLine('info', 'm'.repeat(100_000), { f: 'f'.repeat(100_000) }).length).toBeLessThan(20_000);
});

test('a logger writes one line a call, with its bound fields', () => {
  const stream = new PassThrough();
  hclogLogger(stream).with({ datasource: 'gent' }).debug('asked');
  const text = String(stream.read());
  expect(text.endsWith('\n')).toBe(true);
  expect(JSON.parse(text)).toMatchObject({ '@level': 'debug', '@message': 'asked', datasource: 'gent' });
});
