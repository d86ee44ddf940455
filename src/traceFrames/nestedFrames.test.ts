import { createDataFrame, type DataFrame, FieldType } from '@grafana/data';
import { withNestedFrames } from './nestedFrames';

const spans = {
  schema: {
    name: 'Spans',
    fields: [
      { name: 'spanID', type: FieldType.string, config: { displayNameFromDS: 'Span ID' } },
      { name: 'duration', type: FieldType.number, config: { unit: 'ns' } },
    ],
  },
  data: {
    values: [
      ['0a', '0b'],
      [5, 7],
    ],
  },
};

test('spans sent as JSON become nested frames', () => {
  const frame = createDataFrame({
    fields: [
      { name: 'traceID', type: FieldType.string, values: ['a', 'b'] },
      { name: 'nested', type: FieldType.other, values: [[spans], null] },
    ],
  });
  const [traceId, nested] = withNestedFrames(frame).fields;
  expect(traceId?.values).toEqual(['a', 'b']);
  expect(nested?.type).toBe(FieldType.nestedFrames);
  const [first, second] = nested?.values as DataFrame[][];
  expect(first?.[0]?.name).toBe('Spans');
  expect(first?.[0]?.length).toBe(2);
  expect(first?.[0]?.fields.map((field) => field.values)).toEqual([
    ['0a', '0b'],
    [5, 7],
  ]);
  expect(second).toEqual([]);
});

test('a frame without them stays as it is', () => {
  const frame = createDataFrame({ fields: [{ name: 'nested', type: FieldType.string, values: ['text'] }] });
  expect(withNestedFrames(frame)).toBe(frame);
});
