/** @file How Grafana's trace view shows a trace of this data source. */
import { Field, RadioButtonGroup, Switch } from '@grafana/ui';
import React from 'react';
import type { SpanBarOptions } from '../types';
import { Section } from './Section';
import { TextField } from './TextField';
import type { Settings } from './useSettings';

const LABELS: Array<{ label: string; value: NonNullable<SpanBarOptions['type']> }> = [
  { label: 'None', value: 'None' },
  { label: 'Duration', value: 'Duration' },
  { label: 'Attribute', value: 'Tag' },
];

export function TraceViewSection({ settings: { jsonData, update } }: { settings: Settings }) {
  const { spanBar = {}, nodeGraph } = jsonData;
  return (
    <Section
      title="Trace view"
      description="What is shown with a trace."
      collapsible
      open={jsonData.spanBar !== undefined || jsonData.nodeGraph !== undefined}
    >
      <Field label="Node graph" description="Shows the spans of a trace as a graph above it">
        <Switch
          id="gent-config-node-graph"
          value={nodeGraph?.enabled ?? false}
          onChange={(event) => update({ nodeGraph: { enabled: event.currentTarget.checked } })}
        />
      </Field>
      <Field label="Span bar" description="What stands beside the service and the name of a span">
        <RadioButtonGroup
          id="gent-config-span-bar"
          options={LABELS}
          value={spanBar.type ?? 'Duration'}
          onChange={(type) => update({ spanBar: { ...spanBar, type } })}
        />
      </Field>
      {spanBar.type === 'Tag' && (
        <TextField
          id="gent-config-span-bar-tag"
          label="Attribute of the span bar"
          description="Looked up in the span, then in its resource"
          placeholder="http.route"
          value={spanBar.tag}
          onChange={(tag) => update({ spanBar: { ...spanBar, tag } })}
        />
      )}
    </Section>
  );
}
