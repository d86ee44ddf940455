import {
  dateTime,
  type DataFrameJSON,
  type DataQueryResponse,
  FieldType,
  type LiveChannelEvent,
  LiveChannelConnectionState,
  LiveChannelEventType,
  LoadingState,
} from '@grafana/data';
import type { GrafanaLiveSrv } from '@grafana/runtime';
import { Observable, of, Subject } from 'rxjs';
import type { GenTQuery } from '../types';
import { streamAnswer } from './answerStream';

const query: GenTQuery = { refId: 'A', query: '{ }' };
const range = { from: dateTime(1000), to: dateTime(2000), raw: { from: '', to: '' } };
const HTTP: DataQueryResponse = { data: ['http'] as never[] };

const status = (state: LiveChannelConnectionState, error?: string) =>
  ({ type: LiveChannelEventType.Status, id: 'x', timestamp: 0, state, error }) as LiveChannelEvent<DataFrameJSON>;
const packet = (ids: string[], custom: object) =>
  ({
    type: LiveChannelEventType.Message,
    message: {
      schema: { fields: [{ name: 'traceID', type: FieldType.string }], meta: { custom } },
      data: { values: [ids] },
    },
  }) as LiveChannelEvent<DataFrameJSON>;

function start(kind: 'search' | 'metrics' = 'search') {
  const events = new Subject<LiveChannelEvent<DataFrameJSON>>();
  const left = jest.fn();
  const getStream = jest.fn(
    (_address: unknown) =>
      new Observable<LiveChannelEvent<DataFrameJSON>>((subscriber) => {
        const subscription = events.subscribe(subscriber);
        return () => {
          left();
          subscription.unsubscribe();
        };
      })
  );
  const got: DataQueryResponse[] = [];
  const completed = jest.fn();
  const subscription = streamAnswer({
    kind,
    live: { getStream } as unknown as GrafanaLiveSrv,
    uid: 'gent',
    query,
    range,
    fallback: of(HTTP),
  }).subscribe({ next: (response) => got.push(response), complete: completed });
  return { events, left, getStream, got, completed, subscription };
}

describe('streamAnswer', () => {
  it('gives each part as it comes and ends with the last', () => {
    const { events, getStream, got, completed, left } = start();
    expect(getStream).toHaveBeenCalledWith({
      scope: 'ds',
      stream: 'gent',
      path: expect.stringMatching(/^search\/[\w-]{8,120}$/),
      data: { query, range: { from: 1000, to: 2000 } },
    });
    events.next(status(LiveChannelConnectionState.Connected));
    events.next(packet(['1'], { done: false }));
    events.next(packet(['1', '2'], { done: true, model: 'm' }));
    expect(got.map(({ state, key }) => [state, key])).toEqual([
      [LoadingState.Streaming, 'A'],
      [LoadingState.Done, 'A'],
    ]);
    expect(got[1]?.data[0]).toMatchObject({ refId: 'A', length: 2, meta: { custom: { model: 'm' } } });
    expect(completed).toHaveBeenCalled();
    expect(left).toHaveBeenCalled();
  });

  it('unpacks the series of a metrics query', () => {
    const { events, getStream, got } = start('metrics');
    expect((getStream.mock.calls[0]?.[0] as { path: string }).path).toMatch(/^metrics\//);
    const series = (name: string) => ({
      schema: { refId: 'A', name, fields: [{ name: 'value', type: FieldType.number }] },
      data: { values: [[1, 2]] },
    });
    events.next({
      type: LiveChannelEventType.Message,
      message: {
        schema: { fields: [{ name: 'frames', type: FieldType.string }], meta: { custom: { done: true } } },
        data: { values: [['cart', 'checkout'].map((name) => JSON.stringify(series(name)))] },
      },
    } as LiveChannelEvent<DataFrameJSON>);
    expect(got[0]?.data.map(({ name, length }) => [name, length])).toEqual([
      ['cart', 2],
      ['checkout', 2],
    ]);
    expect(got[0]?.state).toBe(LoadingState.Done);
  });

  it('has a channel of its own for each search', () => {
    const paths = [start(), start()].map(({ getStream }) => (getStream.mock.calls[0]?.[0] as { path: string }).path);
    expect(new Set(paths).size).toBe(2);
  });

  it('leaves the channel when the search is cancelled', () => {
    const { subscription, left } = start();
    subscription.unsubscribe();
    expect(left).toHaveBeenCalled();
  });

  it('says what went wrong', () => {
    const { events, got, completed } = start();
    events.next(packet([], { done: true, error: 'too much' }));
    expect(got[0]).toMatchObject({ state: LoadingState.Error, errors: [{ refId: 'A', message: 'too much' }] });
    expect(completed).toHaveBeenCalled();
  });

  it('asks over HTTP when the channel is refused', () => {
    const { events, got } = start();
    events.next(status(LiveChannelConnectionState.Connecting));
    expect(got).toEqual([]);
    events.next(status(LiveChannelConnectionState.Disconnected, 'permission denied'));
    expect(got).toEqual([HTTP]);
  });

  it('asks over HTTP when there is no connection for a while, and not once there was one', () => {
    jest.useFakeTimers();
    const waiting = start();
    const connected = start();
    connected.events.next(status(LiveChannelConnectionState.Connected));
    jest.advanceTimersByTime(10_000);
    expect(waiting.got).toEqual([HTTP]);
    expect(connected.got).toEqual([]);
    jest.useRealTimers();
  });

  it('asks over HTTP when the channel closes before the last part', () => {
    const { events, got } = start();
    events.next(packet(['1'], { done: false }));
    events.complete();
    expect(got.at(-1)).toEqual(HTTP);
  });

  it('asks over HTTP where Live is switched off', () => {
    const got: DataQueryResponse[] = [];
    streamAnswer({ kind: 'search', live: undefined, uid: 'gent', query, range, fallback: of(HTTP) }).subscribe((one) =>
      got.push(one)
    );
    expect(got).toEqual([HTTP]);
  });
});
