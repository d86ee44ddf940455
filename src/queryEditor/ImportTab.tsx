/** @file Opens a trace file in Explore: drop it, choose one of its traces. Nothing is stored. */
import { getValueFormat, formattedValueToString } from '@grafana/data';
import { Alert, Combobox, FileDropzone, InlineField, Stack, Text } from '@grafana/ui';
import React, { useState } from 'react';
import { HiddenLabel, messageOf } from '../components';
import type { GenTDataSource } from '../datasource';
import type { ImportedTrace } from '../imports';
import type { GenTQuery } from '../types';

interface Props {
  query: GenTQuery;
  datasource: GenTDataSource;
  /** Changes the query and runs it. */
  onChange: (change: Partial<GenTQuery>) => void;
}

const formatMs = getValueFormat('ms');

/** `frontend: GET /cart`, and below it what tells one trace from another. */
function optionOf({ traceId, service, name, durationMs, spans, errors }: ImportedTrace) {
  const parts = [
    formattedValueToString(formatMs(durationMs)),
    `${spans.toLocaleString('en-US')} span${spans === 1 ? '' : 's'}`,
    ...(errors > 0 ? [`${errors} with an error`] : []),
    traceId,
  ];
  return {
    label: `${service || 'unknown service'}: ${name || 'unnamed'}`,
    value: traceId,
    description: parts.join(' · '),
  };
}

export function ImportTab({ query, datasource, onChange }: Props) {
  const [failed, setFailed] = useState<string>();
  const [reading, setReading] = useState(false);
  const file = datasource.imports.get(query.importId);
  const id = `gent-import-${query.refId}`;

  const open = async (chosen: File) => {
    setReading(true);
    setFailed(undefined);
    try {
      const importId = await datasource.importFile(chosen);
      const [first] = datasource.imports.get(importId)?.traces ?? [];
      onChange({ queryType: 'import', importId, fileName: chosen.name, query: first?.traceId ?? '' });
    } catch (error) {
      setFailed(messageOf(error));
    } finally {
      setReading(false);
    }
  };

  return (
    <Stack direction="column" gap={1}>
      <HiddenLabel htmlFor={id}>Trace file</HiddenLabel>
      <FileDropzone
        id={id}
        options={{
          multiple: false,
          onDrop: ([chosen]: File[]) => {
            if (chosen !== undefined) {
              void open(chosen);
            }
          },
        }}
        // The line below says which file it is.
        fileListRenderer={() => null}
      >
        <Stack direction="column" alignItems="center" gap={0.5}>
          <Text>{reading ? 'Reading the file …' : 'Drop a trace file here, or click to choose one'}</Text>
          <Text variant="bodySmall" color="secondary">
            OTLP (JSON or protobuf), Jaeger or Zipkin, zipped or not
          </Text>
        </Stack>
      </FileDropzone>
      {failed !== undefined && (
        <Alert severity="error" title="The file could not be opened" onRemove={() => setFailed(undefined)}>
          {failed}
        </Alert>
      )}
      {file !== undefined && file.traces.length > 1 && (
        <InlineField label="Trace" labelWidth={14} htmlFor={`${id}-trace`} grow>
          <Combobox
            id={`${id}-trace`}
            options={file.traces.map(optionOf)}
            value={query.query}
            onChange={({ value }) => value !== query.query && onChange({ query: value })}
          />
        </InlineField>
      )}
      <Text element="p" variant="bodySmall" color="secondary">
        {file === undefined
          ? 'The trace is shown in this tab of the browser only; nothing is stored.'
          : [
              `${file.fileName}: ${file.more ? 'the first ' : ''}${file.traces.length} trace${file.traces.length === 1 ? '' : 's'}.`,
              ...(file.bad > 0 ? [`Lines that could not be read: ${file.bad}.`] : []),
              'Shown in this tab of the browser only; nothing is stored.',
            ].join(' ')}
      </Text>
    </Stack>
  );
}
