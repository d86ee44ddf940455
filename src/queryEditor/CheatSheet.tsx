/** @file Examples that a click turns into the query. */
import type { QueryEditorHelpProps } from '@grafana/data';
import { Button, Stack, Text, TextLink } from '@grafana/ui';
import React from 'react';
import type { GenTQuery } from '../types';

type Example = { title: string; label?: string } & Pick<GenTQuery, 'query'> & Partial<GenTQuery>;

const GROUPS: Array<{ title: string; examples: Example[] }> = [
  {
    title: 'Search',
    examples: [
      { title: 'Traces with an error', query: '{ status = error }' },
      { title: 'Slow spans of one service', query: '{ resource.service.name = "checkout" && duration > 500ms }' },
      {
        title: 'Server spans below an operation',
        query: '{ name = "POST /checkout" } >> { kind = server && status = error }',
      },
      { title: 'Traces with many spans', query: '{ } | count() > 20' },
      { title: 'More columns', query: '{ status = error } | select(resource.service.name, span.http.route)' },
    ],
  },
  {
    title: 'Metrics',
    examples: [
      { title: 'Rate by service, exact from counts', query: '{ } | rate() by (resource.service.name)' },
      { title: 'Errors by operation', query: '{ status = error } | count_over_time() by (name)' },
      {
        title: '90th percentile of durations',
        query: '{ kind = server } | quantile_over_time(duration, .9) by (resource.service.name)',
      },
      { title: 'Durations as a heat map', query: '{ kind = server } | histogram_over_time(duration)' },
      { title: 'What errors have in common', query: '{ } | compare({ status = error })' },
    ],
  },
  {
    title: 'Overviews',
    examples: [
      { title: 'Services and their calls', label: 'Service graph', query: '', queryType: 'serviceGraph' },
      {
        title: 'What changed since yesterday',
        label: 'Compare windows: 24h',
        query: '',
        queryType: 'compareWindows',
        baselineShift: '24h',
      },
      { title: 'What the store holds', label: 'Models', query: '', queryType: 'models' },
    ],
  },
];

export function CheatSheet({ onClickExample }: QueryEditorHelpProps<GenTQuery>) {
  return (
    <Stack direction="column" gap={2}>
      <Text element="h2">GenT: TraceQL over generated traces</Text>
      <Text element="p">
        The store keeps a model of each batch of traces, not the traces. Counts are exact; single traces are written by
        the model and marked with the resource attribute <code>gent.generated=true</code>.
      </Text>
      {GROUPS.map((group) => (
        <Stack key={group.title} direction="column" gap={1}>
          <Text element="h3">{group.title}</Text>
          {group.examples.map(({ title, label, ...query }) => (
            <Stack key={title} direction="column" gap={0.5} alignItems="flex-start">
              <Text weight="medium">{title}</Text>
              <Button
                size="sm"
                fill="outline"
                variant="secondary"
                onClick={() => onClickExample({ refId: 'A', queryType: 'traceql', ...query })}
              >
                {label ?? query.query}
              </Button>
            </Stack>
          ))}
        </Stack>
      ))}
      <TextLink external href="https://grafana.com/docs/tempo/latest/traceql/">
        TraceQL in Tempo&apos;s documentation
      </TextLink>
    </Stack>
  );
}
