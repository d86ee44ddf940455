/** @file Incident recall on cells that can be worked out by hand. */
import type { Trace } from '../trace';
import { incidentRecaller, parseIncidentLabels } from './incidents';
import { span, tables } from './test-traces';

const MINUTE = 60_000;

/** 20 traces of one span in service s, spread over a minute. */
function minute(prefix: string, service: string, at: number, duration: number, status = 0): Trace[] {
  return Array.from({ length: 20 }, (_, i) => {
    const traceId = `${prefix}${i}`;
    return {
      traceId,
      spans: [{ ...span(traceId, service, '1', '', at * MINUTE + i, duration), statusCode: status }],
    };
  });
}

const ids = (prefix: string): string[] => Array.from({ length: 20 }, (_, i) => `${prefix}${i}`);
const labels = parseIncidentLabels(
  [
    'trace_id\tstart\tphase\tfault_id\tinject_type',
    ...ids('before').map((id) => `${id}\t0\tpre-injection\t7\tcpu`),
    ...ids('calm').map((id) => `${id}\t0\tpre-injection\t7\tcpu`),
    ...ids('during').map((id) => `${id}\t0\tpost-injection\t7\tcpu`),
    ...ids('well').map((id) => `${id}\t0\tpost-injection\t7\tcpu`),
    ...ids('fine').map((id) => `${id}\t0\tpre-injection\t8\treturn`),
    ...ids('broken').map((id) => `${id}\t0\tpost-injection\t8\treturn`),
    '',
  ].join('\n')
);
const real = [
  ...minute('before', 'a', 0, 10),
  ...minute('calm', 'b', 0, 10),
  // Service a is slow in minute 1; b is not.
  ...minute('during', 'a', 1, 20),
  ...minute('well', 'b', 1, 11),
  // Service c fails in minute 3.
  ...minute('fine', 'c', 2, 10),
  ...minute('broken', 'c', 3, 10, 2),
];

async function recall(other: Trace[]): Promise<unknown> {
  const [a, b] = await tables(real, other);
  return incidentRecaller(a, labels)?.(b);
}

describe('incident recall', () => {
  test('the real traces show their own incidents', async () => {
    expect(await recall(real)).toEqual({
      incidents: 2,
      cells: 2,
      recall: 1,
      quietCells: 1,
      falseAlarms: 0,
      byType: [
        { type: 'cpu', cells: 1, recall: 1 },
        { type: 'return', cells: 1, recall: 1 },
      ],
    });
  });

  test('an effect smoothed away is missed, one made up is an alarm', async () => {
    const other = [
      ...minute('x', 'a', 0, 10),
      ...minute('y', 'a', 1, 14),
      ...minute('z', 'b', 1, 16),
      ...minute('w', 'c', 3, 10, 2),
    ];
    expect(await recall(other)).toMatchObject({ recall: 0.5, falseAlarms: 1 });
  });

  test('nothing generated, nothing found', async () => {
    expect(await recall([])).toMatchObject({ cells: 2, recall: 0, falseAlarms: 0 });
  });

  test('labels of other traces fit nothing; columns must be there', async () => {
    const [table] = await tables(real.slice(0, 1), []);
    expect(incidentRecaller(table, [{ traceId: 'other', incident: '1', type: '', during: true }])).toBeNull();
    expect(() => parseIncidentLabels('trace_id\tphase\n', 'labels.tsv')).toThrow('labels.tsv: the columns trace_id');
  });
});
