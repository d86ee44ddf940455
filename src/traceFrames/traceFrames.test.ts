import { createDataFrame, type DataFrame, FieldType } from '@grafana/data';
import { completeFrames } from '.';

/** A root of 100 ms with two children that overlap, one of which outlives it, and a span whose parent is missing. */
function trace(): DataFrame {
  const text = (name: string, values: string[]) => ({ name, type: FieldType.string, values });
  const number = (name: string, values: number[]) => ({ name, type: FieldType.number, values });
  return createDataFrame({
    refId: 'A',
    meta: { preferredVisualisationType: 'trace' },
    fields: [
      text('spanID', ['r', 'a', 'b', 'x']),
      text('parentSpanID', ['', 'r', 'r', 'gone']),
      text('operationName', ['root', 'one', 'two', 'lost']),
      text('serviceName', ['web', 'cart', 'cart', 'cart']),
      number('startTime', [1000, 1010, 1020, 1050]),
      number('duration', [100, 30, 200, 10]),
      { name: 'tags', type: FieldType.other, values: [[], [], [], []] },
    ],
  });
}
const find = (uid: string) => (uid === 'pyro' ? { uid, name: 'Pyro' } : undefined);
const field = (frame: DataFrame | undefined, name: string) => frame?.fields.find((one) => one.name === name)?.values;

describe('completeFrames', () => {
  it('adds a node graph to a trace when it is switched on', () => {
    expect(completeFrames([trace()], {}, find)).toHaveLength(1);
    const [first, nodes, edges] = completeFrames([trace()], { nodeGraph: { enabled: true } }, find);
    expect(first?.meta?.preferredVisualisationType).toBe('trace');
    expect([nodes, edges].map((frame) => frame?.meta?.preferredVisualisationType)).toEqual(['nodeGraph', 'nodeGraph']);
    expect(field(nodes, 'id')).toEqual(['r', 'a', 'b', 'x']);
    expect(field(nodes, 'mainstat')?.[0]).toBe('100ms (45.45%)');
    // The children cover 1010 to 1100, whatever goes on after the root ended.
    expect(field(nodes, 'secondarystat')?.[0]).toBe('10ms (10%)');
    expect(field(nodes, 'color')?.[3]).toBeCloseTo(10 / 220);
    expect(field(edges, 'source')).toEqual(['r', 'r']);
    expect(field(edges, 'target')).toEqual(['a', 'b']);
  });

  it('puts the link to profiles where the trace view looks for it', () => {
    const tracesToProfiles = { datasourceUid: 'pyro', profileTypeId: 'cpu', customQuery: false };
    const [frame] = completeFrames([trace()], { tracesToProfiles }, find);
    expect(frame?.fields.find(({ name }) => name === 'tags')?.config.links).toMatchObject([
      {
        title: 'Related profiles',
        internal: { datasourceUid: 'pyro', query: { labelSelector: '{${__tags}}', profileTypeId: 'cpu' } },
      },
    ]);
    const custom = { ...tracesToProfiles, customQuery: true, query: '{a="b"}' };
    const [other] = completeFrames([trace()], { tracesToProfiles: custom }, find);
    expect(other?.fields.find(({ name }) => name === 'tags')?.config.links?.[0]?.internal?.query).toMatchObject({
      labelSelector: '{a="b"}',
    });
  });

  it.each([undefined, 'gone'])('makes no link to the data source %p', (datasourceUid) => {
    const [frame] = completeFrames([trace()], { tracesToProfiles: { datasourceUid, customQuery: false } }, find);
    expect(frame?.fields.every(({ config }) => config.links === undefined)).toBe(true);
  });
});
