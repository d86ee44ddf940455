import { createDataFrame, type DataFrame, FieldType } from '@grafana/data';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import { testDatasource } from '../test/datasource';
import type { GenTQuery } from '../types';
import { annotationFrame } from './annotationFrame';
import { AnnotationQueryEditor } from './AnnotationQueryEditor';
import { annotationSupport, prepareAnnotation } from './annotationSupport';

jest.mock('@grafana/ui', () => jest.requireActual('../test/grafanaUi'));

const rows = (frame: DataFrame) =>
  Array.from({ length: frame.length }, (_, i) =>
    Object.fromEntries(frame.fields.map(({ name, values }) => [name, values[i]]))
  );
const text = (name: string, values: string[]) => ({ name, type: FieldType.string, values });
const time = (name: string, values: number[]) => ({ name, type: FieldType.time, values });
const number = (name: string, values: Array<number | null>) => ({ name, type: FieldType.number, values });

const traces = createDataFrame({
  refId: 'Anno',
  fields: [
    text('traceID', ['ab']),
    time('startTime', [1000]),
    text('traceService', ['<web>']),
    text('traceName', ['GET']),
    number('traceDuration', [250]),
    { name: 'nested', type: FieldType.nestedFrames, values: [[]] },
  ],
});

describe('annotationFrame', () => {
  it('makes a region of each trace, with its values fit for HTML', () => {
    expect(rows(annotationFrame([traces], {}))).toEqual([
      expect.objectContaining({
        time: 1000,
        timeEnd: 1250,
        title: '&lt;web&gt;: GET',
        text: 'Trace ab, 250 ms',
        tags: '&lt;web&gt;',
        traceName: 'GET',
      }),
    ]);
  });

  it('fills templates, and leaves out what a row lacks', () => {
    const [row] = rows(
      annotationFrame([traces], { title: '{{ traceName }}!', text: '{{nothing}}x', tags: 'a,{{traceID}}' })
    );
    expect(row).toMatchObject({ title: 'GET!', text: 'x', tags: 'a,ab' });
  });

  it('makes a region of each span and of each model', () => {
    const spans = createDataFrame({
      fields: [time('time', [5]), text('spanID', ['s']), text('name', ['op']), number('duration', [2_000_000])],
    });
    expect(rows(annotationFrame([spans], {}))[0]).toMatchObject({ time: 5, timeEnd: 7, title: ': op' });
    const models = createDataFrame({ fields: [time('from', [10]), time('to', [20]), number('traces', [3])] });
    expect(rows(annotationFrame([models], {}))[0]).toMatchObject({ time: 10, timeEnd: 20, title: 'Model' });
  });

  it('marks the points of a series that are not zero', () => {
    const series = createDataFrame({ fields: [time('Time', [1, 2, 3]), number('errors', [0, 4, null])] });
    expect(rows(annotationFrame([series], {}))).toEqual([
      expect.objectContaining({ time: 2, timeEnd: 2, title: 'errors', text: '4' }),
    ]);
  });

  it('is empty for an empty answer', () => {
    expect(annotationFrame([], {}).length).toBe(0);
  });
});

describe('annotationSupport', () => {
  const target: GenTQuery = { refId: 'Anno', query: '{ duration > 3s }', annotation: {} };

  it('keeps the query where Grafana mixes in the default one', () => {
    const stored = { name: 'a', iconColor: 'red', enable: true, ...annotationSupport.getDefaultQuery?.(), target };
    expect(prepareAnnotation(stored as never).target).toBe(target);
  });

  it('takes a query that is stored beside the target', () => {
    const stored = { name: 'a', iconColor: 'red', enable: true, query: '{ }', queryType: 'traceql' };
    expect(prepareAnnotation(stored as never).target).toMatchObject({ query: '{ }', queryType: 'traceql' });
  });

  it('returns the same annotation when there is nothing to change, and makes the query one of annotations', () => {
    const stored = { name: 'a', iconColor: 'red', enable: true, target: { refId: 'Anno', query: '{ }' } };
    expect(prepareAnnotation(stored)).toBe(stored);
    expect(annotationSupport.prepareQuery?.(stored)).toMatchObject({ query: '{ }', annotation: {} });
  });
});

describe('AnnotationQueryEditor', () => {
  it('edits the query and the templates, or chooses the models', async () => {
    const { datasource } = testDatasource();
    let last: GenTQuery = { refId: 'Anno', query: '{ }' };
    function Host() {
      const [query, setQuery] = useState(last);
      return (
        <AnnotationQueryEditor
          query={query}
          datasource={datasource}
          onRunQuery={jest.fn()}
          onChange={(next) => {
            last = next;
            setQuery(next);
          }}
        />
      );
    }
    render(<Host />);
    fireEvent.change(screen.getByLabelText('TraceQL query'), { target: { value: '{ status = error }' } });
    expect(last).toMatchObject({ query: '{ status = error }', annotation: {} });
    expect(screen.queryByLabelText('Streaming')).not.toBeInTheDocument();
    for (const [label, value] of [
      ['Title', '{{traceName}}'],
      ['Text', 'x'],
      ['Tags', 'a,b'],
    ] as const) {
      await userEvent.clear(screen.getByLabelText(label));
      fireEvent.change(screen.getByLabelText(label), { target: { value } });
      fireEvent.blur(screen.getByLabelText(label));
    }
    expect(last.annotation).toEqual({ title: '{{traceName}}', text: 'x', tags: 'a,b' });
    await userEvent.click(screen.getByLabelText('Models'));
    expect(last.queryType).toBe('models');
    expect(screen.queryByLabelText('TraceQL query')).not.toBeInTheDocument();
  });
});
