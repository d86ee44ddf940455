/**
 * @file A service graph: nodes and edges as Grafana's node graph reads them, and a table of rates, errors and durations.
 * Names of fields: nodeGraph.ts of @grafana/data.
 */
import type { Overview } from '../../query';
import {
  durationColumns,
  hiddenColumn,
  numberColumn,
  queryLink,
  quoted,
  serviceQuery,
  textColumn,
  toMilliseconds,
} from './columns';
import type { Field, FieldConfig, Frame, FrameMeta } from './frame';
import type { LinkTarget } from './search-frames';

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const fixed = (fixedColor: string): FieldConfig['color'] => ({ mode: 'fixed', fixedColor });

/** A request is a span without a parent in its own service: what others, or nobody known, asked of it. */
const REQUEST = 'Requests: spans without a parent in the same service.';

export interface ServiceGraphOptions {
  readonly target: LinkTarget;
  /** An alert rule reads the answer: one table of text and numbers. */
  readonly valuesOnly?: boolean;
}

/** Units of nodes and edges are words, not Grafana's names of units: a node graph writes them as they are. */
function nodesFrame({ services }: Overview, seconds: number, target: LinkTarget): Frame {
  const errorShares = services.map((one) => share(one.failedRequests, one.requests));
  const detail = (name: string, displayName: string, unit: string, values: Array<number | null>): Field =>
    numberColumn(`detail__${name}`, values, { displayName, unit, decimals: 3 });
  const fields: Field[] = [
    textColumn(
      'id',
      services.map((one) => one.service),
      {
        links: [
          queryLink(target, 'Traces', 'query'),
          queryLink(target, 'Failed traces', 'errorQuery'),
          queryLink(target, 'Request rate', 'rateQuery'),
          queryLink(target, 'Duration histogram', 'histogramQuery'),
        ],
      }
    ),
    textColumn(
      'title',
      services.map((one) => one.service)
    ),
    textColumn(
      'subtitle',
      services.map((one) => `${Number((one.requests / seconds).toPrecision(3))} req/s`)
    ),
    numberColumn(
      'mainstat',
      services.map((one) => one.spans / seconds),
      { displayName: 'Spans', unit: 'spans/s', decimals: 2 }
    ),
    numberColumn(
      'secondarystat',
      services.map((one) => toMilliseconds(one.durations?.p50.value)),
      { displayName: 'Median duration of requests', unit: 'ms', decimals: 2 }
    ),
    numberColumn(
      'arc__success',
      errorShares.map((errors) => 1 - errors),
      { displayName: 'Succeeded', color: fixed('green') }
    ),
    numberColumn('arc__failed', errorShares, { displayName: 'Failed', color: fixed('red') }),
    detail(
      'requests',
      'Requests',
      'req/s',
      services.map((one) => one.requests / seconds)
    ),
    detail(
      'errors',
      'Failed requests',
      'req/s',
      services.map((one) => one.failedRequests / seconds)
    ),
    detail(
      'spanErrors',
      'Failed spans',
      'spans/s',
      services.map((one) => one.errors / seconds)
    ),
    ...(['p90', 'p99'] as const).map((p) =>
      detail(
        p,
        `Duration ${p}`,
        'ms',
        services.map((one) => toMilliseconds(one.durations?.[p].value))
      )
    ),
    ...queryColumns(services.map((one) => one.service)),
  ];
  return { name: 'nodes', fields, meta: { preferredVisualisationType: 'nodeGraph' } };
}

function queryColumns(services: readonly string[]): Field[] {
  return [
    hiddenColumn(
      'query',
      services.map((service) => serviceQuery(service))
    ),
    hiddenColumn(
      'errorQuery',
      services.map((service) => serviceQuery(service, ' && status = error'))
    ),
    hiddenColumn(
      'rateQuery',
      services.map((service) => `${serviceQuery(service)} | rate() by (status)`)
    ),
    hiddenColumn(
      'histogramQuery',
      services.map((service) => `${serviceQuery(service)} | histogram_over_time(duration)`)
    ),
  ];
}

function edgesFrame({ calls }: Overview, seconds: number, target: LinkTarget): Frame {
  const query = (client: string, server: string, more = ''): string =>
    `${serviceQuery(client)} > { resource.service.name = ${quoted(server)}${more} }`;
  const fields: Field[] = [
    textColumn(
      'id',
      calls.map(({ client, server }) => JSON.stringify([client, server])),
      { links: [queryLink(target, 'Calls', 'query'), queryLink(target, 'Failed calls', 'errorQuery')] }
    ),
    textColumn(
      'source',
      calls.map((call) => call.client)
    ),
    textColumn(
      'target',
      calls.map((call) => call.server)
    ),
    numberColumn(
      'mainstat',
      calls.map((call) => call.calls / seconds),
      { displayName: 'Requests', unit: 'req/s', decimals: 2 }
    ),
    numberColumn(
      'secondarystat',
      calls.map((call) => 100 * share(call.failed, call.calls)),
      { displayName: 'Failed', unit: '%', decimals: 2 }
    ),
    numberColumn(
      'detail__calls',
      calls.map((call) => call.calls),
      { displayName: 'Calls', unit: 'short' }
    ),
    numberColumn(
      'detail__failed',
      calls.map((call) => call.failed),
      { displayName: 'Failed calls', unit: 'short' }
    ),
    hiddenColumn(
      'query',
      calls.map(({ client, server }) => query(client, server))
    ),
    hiddenColumn(
      'errorQuery',
      calls.map(({ client, server }) => query(client, server, ' && status = error'))
    ),
  ];
  return { name: 'edges', fields, meta: { preferredVisualisationType: 'nodeGraph' } };
}

function redFrame({ services }: Overview, seconds: number, { target, valuesOnly }: ServiceGraphOptions): Frame {
  const names = services.map((one) => one.service);
  const fields: Field[] = [
    textColumn('Service', names, {
      links: [queryLink(target, 'Traces of ${__value.raw}', 'query')],
    }),
    numberColumn(
      'Rate',
      services.map((one) => one.requests / seconds),
      { unit: 'reqps', decimals: 3, description: REQUEST }
    ),
    numberColumn(
      'Error rate',
      services.map((one) => share(one.failedRequests, one.requests)),
      { unit: 'percentunit', decimals: 2, links: [queryLink(target, 'Failed traces', 'errorQuery')] }
    ),
    ...durationColumns(services.map((one) => one.durations)),
    ...(valuesOnly === true ? [] : queryColumns(names)),
  ];
  const meta: FrameMeta =
    valuesOnly === true
      ? { type: 'numeric-long', typeVersion: [0, 1], preferredVisualisationType: 'table' }
      : { preferredVisualisationType: 'table' };
  // Without it a panel of several frames would write the frame's name before each column.
  const named = fields.map((field) => ({ ...field, config: { displayNameFromDS: field.name, ...field.config } }));
  return { name: 'Services', fields: named, meta };
}

/** Frames `nodes`, `edges` and `Services`; only the last for alert rules. `meta` is put on the first frame. */
export function serviceGraphFrames(overview: Overview, options: ServiceGraphOptions, meta: FrameMeta = {}): Frame[] {
  const seconds = Number(overview.range.end - overview.range.start) / 1e9;
  const red = redFrame(overview, seconds, options);
  const frames =
    options.valuesOnly === true
      ? [red]
      : [nodesFrame(overview, seconds, options.target), edgesFrame(overview, seconds, options.target), red];
  return frames.map((frame, i) => (i === 0 ? { ...frame, meta: { ...frame.meta, ...meta } } : frame));
}
