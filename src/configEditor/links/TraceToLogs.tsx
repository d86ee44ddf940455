/** @file From a span to its logs. Grafana's trace view makes the link from these settings. */
import { Checkbox, Field } from '@grafana/ui';
import React from 'react';
import type { TraceToLogsOptions } from '../../types';
import { Section } from '../Section';
import type { Settings } from '../useSettings';
import { CustomQuery, LinkTarget, TimeShifts } from './parts';
import { TagMappings } from './TagMappings';

/** What Grafana's trace view can write a query for. */
const TYPES = [
  'loki',
  'elasticsearch',
  'grafana-splunk-datasource',
  'grafana-opensearch-datasource',
  'grafana-falconlogscale-datasource',
  'googlecloud-logging-datasource',
  'victoriametrics-logs-datasource',
];

export function TraceToLogs({ settings: { jsonData, update } }: { settings: Settings }) {
  const logs: TraceToLogsOptions = jsonData.tracesToLogsV2 ?? { customQuery: false };
  const set = (change: Partial<TraceToLogsOptions>) => update({ tracesToLogsV2: { ...logs, ...change } });
  const id = 'gent-config-logs';
  return (
    <Section
      title="Trace to logs"
      description="Opens the logs around a span. A model keeps the trace ids of real traffic only where it keeps exemplars."
      collapsible
      open={logs.datasourceUid !== undefined}
    >
      <LinkTarget
        id={id}
        description="Where the logs are"
        types={TYPES}
        uid={logs.datasourceUid}
        onChange={(datasourceUid) => set({ datasourceUid })}
      />
      <TimeShifts id={id} start={logs.spanStartTimeShift} end={logs.spanEndTimeShift} onChange={set} />
      <Field
        label="Attributes"
        description="Make the query. None: cluster, hostname, namespace, pod, service.name and service.namespace."
      >
        <TagMappings name="Trace to logs" tags={logs.tags ?? []} onChange={(tags) => set({ tags })} />
      </Field>
      <Field>
        <Checkbox
          label="Filter by trace id"
          disabled={logs.customQuery}
          value={logs.filterByTraceID ?? false}
          onChange={(event) => set({ filterByTraceID: event.currentTarget.checked })}
        />
      </Field>
      <Field>
        <Checkbox
          label="Filter by span id"
          disabled={logs.customQuery}
          value={logs.filterBySpanID ?? false}
          onChange={(event) => set({ filterBySpanID: event.currentTarget.checked })}
        />
      </Field>
      <CustomQuery
        id={id}
        enabled={logs.customQuery}
        query={logs.query}
        placeholder='{${__tags}} |="${__span.traceId}"'
        onChange={set}
      />
    </Section>
  );
}
