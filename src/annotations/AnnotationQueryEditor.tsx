/** @file The query of an annotation: traces, spans or series from TraceQL, or the windows of the models; and how a row is described. */
import type { AnnotationQuery, QueryEditorProps } from '@grafana/data';
import { InlineField, InlineFieldRow, Input, RadioButtonGroup, Stack } from '@grafana/ui';
import React from 'react';
import type { GenTDataSource } from '../datasource';
import { migrateQuery } from '../migration';
import { QueryOptions } from '../queryEditor/QueryOptions';
import { TraceQLTab } from '../queryEditor/TraceQLTab';
import type { AnnotationOptions, GenTOptions, GenTQuery } from '../types';

interface Props extends QueryEditorProps<GenTDataSource, GenTQuery, GenTOptions> {
  annotation?: AnnotationQuery<GenTQuery>;
}

const SOURCES: Array<{ label: string; value: 'traceql' | 'models'; description: string }> = [
  { label: 'TraceQL', value: 'traceql', description: 'A mark for each trace or span, or for each point of a series' },
  { label: 'Models', value: 'models', description: 'A region for the window of each model' },
];

const FIELDS: Array<{ key: keyof AnnotationOptions; label: string; placeholder: string }> = [
  { key: 'title', label: 'Title', placeholder: '{{traceService}}: {{traceName}}' },
  { key: 'text', label: 'Text', placeholder: 'Trace {{traceID}}, {{traceDuration}} ms' },
  { key: 'tags', label: 'Tags', placeholder: '{{traceService}}' },
];

export function AnnotationQueryEditor({ query: given, datasource, range, onChange, onRunQuery }: Props) {
  const query = migrateQuery({ ...given, query: given.query ?? '' });
  const annotation = query.annotation ?? {};
  // Without these options the answer would be taken for that of a panel.
  const update = (change: Partial<GenTQuery>) => onChange({ ...query, annotation, ...change });
  const source = query.queryType === 'models' ? 'models' : 'traceql';

  return (
    <Stack direction="column" gap={1}>
      <InlineField label="Annotate" labelWidth={14}>
        <RadioButtonGroup
          id="gent-annotation-source"
          options={SOURCES}
          value={source}
          onChange={(queryType: 'traceql' | 'models') => update({ queryType, modelsView: undefined })}
        />
      </InlineField>
      {source === 'traceql' && (
        <>
          <TraceQLTab query={query} datasource={datasource} range={range} onChange={update} onRunQuery={onRunQuery} />
          <QueryOptions query={query} onChange={update} onRunQuery={onRunQuery} />
        </>
      )}
      <InlineFieldRow>
        {FIELDS.map(({ key, label, placeholder }) => (
          <InlineField
            key={key}
            label={label}
            labelWidth={14}
            tooltip="{{field}} stands for the value of that field of the row; tags are separated by commas"
          >
            <Input
              id={`gent-annotation-${key}`}
              width={40}
              defaultValue={annotation[key] ?? ''}
              placeholder={source === 'models' ? '' : placeholder}
              onBlur={(event) =>
                update({ annotation: { ...annotation, [key]: event.currentTarget.value || undefined } })
              }
            />
          </InlineField>
        ))}
      </InlineFieldRow>
    </Stack>
  );
}
