/** @file A search or a metrics query over Grafana Live: frames of what is known so far, until the last ones. */
import {
  type DataFrame,
  type DataFrameJSON,
  dataFrameFromJSON,
  type DataQueryResponse,
  isLiveChannelMessageEvent,
  isLiveChannelStatusEvent,
  LiveChannelConnectionState,
  LiveChannelScope,
  LoadingState,
  type TimeRange,
} from '@grafana/data';
import type { GrafanaLiveSrv } from '@grafana/runtime';
import { Observable, type Subscription } from 'rxjs';
import type { GenTQuery } from '../types';

/** Milliseconds to wait for the connection before the search is asked over HTTP. */
const CONNECT_PATIENCE = 3000;

/** What a channel carries. */
export type StreamKind = 'search' | 'metrics';

export interface AnswerStream {
  kind: StreamKind;
  live: GrafanaLiveSrv | undefined;
  /** uid of the data source. */
  uid: string;
  /** The query with its variables filled in. */
  query: GenTQuery;
  range: TimeRange;
  /** How far apart the points of a graph may be, as Grafana asks over HTTP. */
  pace?: { intervalMs?: number; maxDataPoints?: number };
  /** The same search over HTTP, for when Live is switched off or cannot be reached. */
  fallback: Observable<DataQueryResponse>;
}

/** What the backend writes into meta.custom of each frame. */
interface StreamMeta {
  done?: boolean;
  error?: string;
}

/** A channel of its own for each query: Live shares a channel among its subscribers. */
function channelKey(refId: string): string {
  const random = crypto.getRandomValues(new Uint32Array(4));
  return `${refId.replace(/\W/g, '_')}-${[...random].map((part) => part.toString(16)).join('')}`;
}

/** The frames that a frame carries as texts: a message of Live is one frame, the answer to a metrics query is many. */
function carried({ fields: [field, other] }: DataFrame): DataFrame[] | undefined {
  return field?.name === 'frames' && other === undefined
    ? field.values.map((text: string) => dataFrameFromJSON(JSON.parse(text) as DataFrameJSON))
    : undefined;
}

function toResponse(frame: DataFrame, refId: string, done: boolean): DataQueryResponse {
  const { done: _done, error: _error, ...custom } = (frame.meta?.custom ?? {}) as StreamMeta;
  return {
    key: refId,
    data: carried(frame) ?? [{ ...frame, refId, meta: { ...frame.meta, custom } }],
    state: done ? LoadingState.Done : LoadingState.Streaming,
  };
}

/** Unsubscribing leaves the channel, and the backend stops its work. */
export function streamAnswer({
  kind,
  live,
  uid,
  query,
  range,
  pace,
  fallback,
}: AnswerStream): Observable<DataQueryResponse> {
  const { refId } = query;
  if (live === undefined) {
    return fallback;
  }
  return new Observable<DataQueryResponse>((subscriber) => {
    let connected = false;
    let subscription: Subscription | undefined;
    const overHttp = () => {
      clearTimeout(timer);
      subscription?.unsubscribe();
      subscription = fallback.subscribe(subscriber);
    };
    const timer = setTimeout(overHttp, CONNECT_PATIENCE);

    const onFrame = (frame: DataFrame) => {
      const { done = false, error } = (frame.meta?.custom ?? {}) as StreamMeta;
      if (error !== undefined) {
        subscriber.next({ key: refId, data: [], errors: [{ message: error, refId }], state: LoadingState.Error });
        subscriber.complete();
        return;
      }
      subscriber.next(toResponse(frame, refId, done));
      if (done) {
        subscriber.complete();
      }
    };

    const events = live.getStream<DataFrameJSON>({
      scope: LiveChannelScope.DataSource,
      stream: uid,
      path: `${kind}/${channelKey(refId)}`,
      data: { query, range: { from: range.from.valueOf(), to: range.to.valueOf() }, ...pace },
    });
    subscription = events.subscribe({
      next: (event) => {
        if (isLiveChannelStatusEvent(event)) {
          if (event.state === LiveChannelConnectionState.Connected) {
            connected = true;
            clearTimeout(timer);
          } else if (!connected && (event.error !== undefined || event.state === LiveChannelConnectionState.Invalid)) {
            overHttp();
          }
        } else if (isLiveChannelMessageEvent(event) && event.message.schema !== undefined) {
          connected = true;
          clearTimeout(timer);
          onFrame(dataFrameFromJSON(event.message));
        }
      },
      error: overHttp,
      // The channel was closed before the last frame: what was shown is not all.
      complete: () => !subscriber.closed && overHttp(),
    });
    return () => {
      clearTimeout(timer);
      subscription?.unsubscribe();
    };
  });
}
