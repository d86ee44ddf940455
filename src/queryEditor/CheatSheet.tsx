/** @file Examples that a click turns into the query. */
import type { QueryEditorHelpProps } from '@grafana/data';
import { Button, Stack, Text, TextLink } from '@grafana/ui';
import React from 'react';
import type { GenTQuery } from '../types';

const EXAMPLES = [
  { title: 'Traces with an error', query: '{ status = error }' },
  { title: 'Slow spans of one service', query: '{ resource.service.name = "checkout" && duration > 500ms }' },
  {
    title: 'Server spans below an operation',
    query: '{ name = "POST /checkout" } >> { kind = server && status = error }',
  },
  { title: 'Traces with many spans', query: '{ } | count() > 20' },
  { title: 'Rate by service, exact from counts', query: '{ } | rate() by (resource.service.name)' },
  { title: 'Errors by operation', query: '{ status = error } | count_over_time() by (name)' },
  {
    title: '90th percentile of durations',
    query: '{ kind = server } | quantile_over_time(duration, .9) by (resource.service.name)',
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
      {EXAMPLES.map(({ title, query }) => (
        <Stack key={query} direction="column" gap={0.5} alignItems="flex-start">
          <Text weight="medium">{title}</Text>
          <Button
            size="sm"
            fill="outline"
            variant="secondary"
            onClick={() => onClickExample({ refId: 'A', queryType: 'traceql', query })}
          >
            {query}
          </Button>
        </Stack>
      ))}
      <TextLink external href="https://grafana.com/docs/tempo/latest/traceql/">
        TraceQL in Tempo&apos;s documentation
      </TextLink>
    </Stack>
  );
}
