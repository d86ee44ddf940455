/** @file What of a tally an overview shows: everything, or some services and their neighbours. */
import type { DurationSample, Durations } from './durations';
import { operationKey, type Tally } from './tally';
import type { CallOverview, DurationSummary, OperationOverview, Overview, ServiceOverview } from './types';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function durationsOf(durations: Durations | undefined, population: number): { durations?: DurationSummary } {
  const summary = durations?.summary(population);
  return summary === undefined ? {} : { durations: summary };
}

/** The services, calls and operations of a tally, sorted; only `only` and their neighbours when any are named. */
export function overviewOf(
  tally: Tally,
  sample: DurationSample | undefined,
  only: readonly string[] = []
): Pick<Overview, 'services' | 'calls' | 'operations'> {
  const wanted = (service: string): boolean => only.length === 0 || only.includes(service);
  const calls: CallOverview[] = [...tally.calls.values()]
    .filter((call) => wanted(call.client) || wanted(call.server))
    .sort((a, b) => compare(a.client, b.client) || compare(a.server, b.server));
  const shown = new Set(calls.flatMap(({ client, server }) => [client, server]));
  const services = new Map<string, { -readonly [K in keyof ServiceOverview]: ServiceOverview[K] }>();
  for (const { service: name, spans, errors, requests, failedRequests } of tally.operations.values()) {
    if (!wanted(name) && !shown.has(name)) {
      continue;
    }
    const sum = services.get(name) ?? { service: name, spans: 0, errors: 0, requests: 0, failedRequests: 0 };
    services.set(name, sum);
    sum.spans += spans;
    sum.errors += errors;
    sum.requests += requests;
    sum.failedRequests += failedRequests;
  }
  const operations = [...tally.operations.values()]
    .filter((operation) => wanted(operation.service))
    .map(({ service: of, name, kind, spans, errors, requests, failedRequests }): OperationOverview => {
      const durations = sample?.operations.get(operationKey({ service: of, name, kind }));
      return { service: of, name, kind, spans, errors, requests, failedRequests, ...durationsOf(durations, spans) };
    })
    .sort((a, b) => compare(a.service, b.service) || compare(a.name, b.name) || a.kind - b.kind);
  return {
    services: [...services.values()]
      .sort((a, b) => compare(a.service, b.service))
      .map((one) => ({ ...one, ...durationsOf(sample?.services.get(one.service), one.requests) })),
    calls,
    operations,
  };
}
