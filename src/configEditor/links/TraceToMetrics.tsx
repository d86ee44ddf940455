/** @file From a span to graphs of its service. Grafana's trace view makes the links from these settings. */
import { Button, Field, Input, Stack } from '@grafana/ui';
import React from 'react';
import type { TraceToMetricQuery, TraceToMetricsOptions } from '../../types';
import { Section } from '../Section';
import type { Settings } from '../useSettings';
import { LinkTarget, TimeShifts } from './parts';
import { TagMappings } from './TagMappings';

export function TraceToMetrics({ settings: { jsonData, update } }: { settings: Settings }) {
  const metrics: TraceToMetricsOptions = jsonData.tracesToMetrics ?? { queries: [] };
  const queries = metrics.queries ?? [];
  const set = (change: Partial<TraceToMetricsOptions>) =>
    update({ tracesToMetrics: { ...metrics, queries, ...change } });
  const setQuery = (at: number, change: Partial<TraceToMetricQuery>) =>
    set({ queries: queries.map((query, index) => (index === at ? { ...query, ...change } : query)) });
  const id = 'gent-config-metrics';
  return (
    <Section
      title="Trace to metrics"
      description="Opens graphs of a span's service, one link a query."
      collapsible
      open={metrics.datasourceUid !== undefined}
    >
      <LinkTarget
        id={id}
        description="Where the metrics are"
        types={['prometheus']}
        uid={metrics.datasourceUid}
        onChange={(datasourceUid) => set({ datasourceUid })}
      />
      <TimeShifts id={id} start={metrics.spanStartTimeShift} end={metrics.spanEndTimeShift} onChange={set} />
      <Field
        label="Attributes"
        description="Stand in $__tags. None: cluster, hostname, namespace, pod, service.name and service.namespace."
      >
        <TagMappings name="Trace to metrics" tags={metrics.tags ?? []} onChange={(tags) => set({ tags })} />
      </Field>
      <Field label="Queries" description="An empty query asks for the median duration from span metrics.">
        <Stack direction="column" gap={0.5} alignItems="flex-start">
          {queries.map(({ name, query }, index) => (
            <Stack key={index} direction="row" gap={0.5}>
              <Input
                aria-label={`Title of query ${index + 1}`}
                width={20}
                placeholder="title of the link"
                value={name ?? ''}
                onChange={(event) => setQuery(index, { name: event.currentTarget.value })}
              />
              <Input
                aria-label={`Query ${index + 1}`}
                width={60}
                placeholder="sum(rate(http_server_duration_count{$__tags}[$__rate_interval]))"
                value={query ?? ''}
                onChange={(event) => setQuery(index, { query: event.currentTarget.value })}
              />
              <Button
                variant="secondary"
                icon="times"
                aria-label={`Remove query ${index + 1}`}
                onClick={() => set({ queries: queries.filter((_, other) => other !== index) })}
              />
            </Stack>
          ))}
          <Button
            variant="secondary"
            icon="plus"
            onClick={() => set({ queries: [...queries, { name: '', query: '' }] })}
          >
            Add query
          </Button>
        </Stack>
      </Field>
    </Section>
  );
}
