/** @file What the store holds: a table, a timeline, the operations of a model; and what changed between two windows. */
import { getTemplateSrv } from '@grafana/runtime';
import { Combobox, InlineField, InlineFieldRow, LinkButton, RadioButtonGroup, Stack, Text } from '@grafana/ui';
import React from 'react';
import { useStableCallback } from '../../components';
import type { GenTDataSource } from '../../datasource';
import { modelLabel } from '../../resources';
import type { GenTQuery, ModelsView } from '../../types';
import { ModelUpload } from './ModelUpload';

interface Props {
  query: GenTQuery;
  datasource: GenTDataSource;
  /** Changes the query and runs it. */
  onChange: (change: Partial<GenTQuery>) => void;
  onRunQuery: () => void;
}

type View = ModelsView | 'compareWindows';

const VIEWS: Array<{ label: string; value: View; description: string }> = [
  { label: 'Table', value: 'table', description: 'Window, traces and bytes of each model' },
  { label: 'Timeline', value: 'timeline', description: 'Which model covers which time, and where nothing does' },
  { label: 'Operations', value: 'operations', description: 'Spans, errors and durations of each operation of a model' },
  {
    label: 'Compare windows',
    value: 'compareWindows',
    description: 'What changed between this time range and an earlier one',
  },
];

const HELP: Record<View, string> = {
  table: 'The models whose windows meet the time range, newest first.',
  timeline: 'Which model covers which time; where nothing is drawn, no model does.',
  operations: 'Choose a model to see its operations.',
  compareWindows: 'New and vanished operations, rates, errors and durations, ranked by how much they changed.',
};

const SHIFTS = ['1h', '6h', '12h', '24h', '7d', '30d'].map((value) => ({ label: value, value }));
/** Go's durations and days. */
const SHIFT = /^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/;

export function ModelsTab({ query, datasource, onChange, onRunQuery }: Props) {
  const id = `gent-models-${query.refId}`;
  const view: View = query.queryType === 'compareWindows' ? 'compareWindows' : (query.modelsView ?? 'table');
  const modelId = query.modelId ?? '';
  const shift = query.baselineShift ?? '';

  const models = useStableCallback(async (typed: string) => {
    const known = await datasource.models();
    const variables = getTemplateSrv()
      .getVariables()
      .map(({ name }) => ({ label: `$${name}`, value: `$${name}`, description: 'variable' }));
    return [
      ...known.map((model) => ({ label: modelLabel(model), value: model.id, description: model.id })),
      ...variables,
    ].filter(({ label, value }) => `${label} ${value}`.toLowerCase().includes(typed.toLowerCase()));
  });

  return (
    <Stack direction="column" gap={0.5}>
      <InlineFieldRow>
        <InlineField label="Show" labelWidth={14}>
          <RadioButtonGroup
            id={`${id}-view`}
            options={VIEWS}
            value={view}
            onChange={(next) =>
              onChange(
                next === 'compareWindows'
                  ? { queryType: 'compareWindows', baselineShift: query.baselineShift ?? '1h' }
                  : { queryType: 'models', modelsView: next }
              )
            }
          />
        </InlineField>
        {view === 'operations' && (
          <InlineField label="Model" htmlFor={`${id}-model`}>
            <Combobox
              id={`${id}-model`}
              options={models}
              value={modelId === '' ? null : modelId}
              placeholder="choose a model"
              width={50}
              createCustomValue
              isClearable
              onChange={(option) => option?.value !== query.modelId && onChange({ modelId: option?.value })}
            />
          </InlineField>
        )}
        {view === 'compareWindows' && (
          <InlineField
            label="Against"
            tooltip="How long before this time range the other one lies, for example 1h, 24h or 7d"
            htmlFor={`${id}-shift`}
            invalid={shift !== '' && !SHIFT.test(shift) && !shift.includes('$')}
            error="Write a duration such as 1h, 24h or 7d"
          >
            <Combobox
              id={`${id}-shift`}
              options={SHIFTS}
              value={shift === '' ? null : shift}
              placeholder="1h"
              width={16}
              createCustomValue
              onChange={({ value }) => value !== shift && onChange({ baselineShift: value })}
            />
          </InlineField>
        )}
      </InlineFieldRow>
      <ModelUpload datasource={datasource} onUploaded={onRunQuery}>
        {view === 'operations' && modelId !== '' && !modelId.includes('$') && (
          // The target keeps Grafana from taking the address for one of its pages.
          <LinkButton
            variant="secondary"
            icon="download-alt"
            href={datasource.modelUrl(modelId)}
            target="_self"
            download
          >
            Download model
          </LinkButton>
        )}
        <Text variant="bodySmall" color="secondary">
          {view === 'operations' && modelId !== '' ? 'The operations of the model, most spans first.' : HELP[view]}
        </Text>
      </ModelUpload>
    </Stack>
  );
}
