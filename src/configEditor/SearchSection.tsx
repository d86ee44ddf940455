/** @file The search builder, streaming, and how many names and values an editor asks for. */
import { getDataSourceSrv } from '@grafana/runtime';
import { Field, Switch } from '@grafana/ui';
import React, { useEffect, useState } from 'react';
import type { GenTDataSource } from '../datasource';
import { DEFAULT_FIELDS, freshId, TagRows } from '../queryEditor/search';
import { traceqlFromFilters } from '../traceql';
import type { TraceFilter } from '../types';
import { NumberField } from './NumberField';
import { Section } from './Section';
import { TextField } from './TextField';
import type { Settings } from './useSettings';

const STREAMS = [
  {
    key: 'search',
    label: 'Streaming of searches',
    description: 'Searches show what is found while they go on, over Grafana Live',
  },
  {
    key: 'metrics',
    label: 'Streaming of metrics',
    description: 'Graphs over many models show their beginning while the rest is computed',
  },
] as const;

interface Props {
  uid: string;
  settings: Settings;
}

/** The data source as it was saved last, to complete names and values from. */
function useDatasource(uid: string): GenTDataSource | undefined {
  const [datasource, setDatasource] = useState<GenTDataSource>();
  useEffect(() => {
    let current = true;
    getDataSourceSrv()
      .get(uid)
      .then(
        (found) => current && setDatasource(found as unknown as GenTDataSource),
        () => undefined
      );
    return () => {
      current = false;
    };
  }, [uid]);
  return datasource;
}

function BuilderFields({ uid, settings: { jsonData, update } }: Props) {
  const datasource = useDatasource(uid);
  const filters = jsonData.search?.filters ?? DEFAULT_FIELDS;
  const set = (next: TraceFilter[]) => update({ search: { ...jsonData.search, filters: next } });
  return datasource === undefined ? (
    <span>Press Save &amp; test first.</span>
  ) : (
    <TagRows
      id="gent-config-filter"
      filters={filters}
      datasource={datasource}
      othersOf={({ id }) => traceqlFromFilters(filters.filter((filter) => filter.id !== id))}
      onChange={(changed) => set(filters.map((filter) => (filter.id === changed.id ? changed : filter)))}
      onRemove={({ id }) => set(filters.filter((filter) => filter.id !== id))}
      onAdd={() => set([...filters, { id: freshId(filters), scope: 'resource', tag: '', operator: '=', value: [] }])}
    />
  );
}

export function SearchSection({ uid, settings }: Props) {
  const { jsonData, update } = settings;
  const search = jsonData.search ?? {};
  return (
    <Section
      title="Search"
      description="What the query editor offers, what is answered in parts, and the steps of graphs."
      collapsible
      open={jsonData.search !== undefined || jsonData.streamingEnabled !== undefined}
    >
      {STREAMS.map(({ key, label, description }) => (
        <Field key={key} label={label} description={description}>
          <Switch
            id={`gent-config-streaming-${key}`}
            value={jsonData.streamingEnabled?.[key] ?? false}
            onChange={(event) =>
              update({ streamingEnabled: { ...jsonData.streamingEnabled, [key]: event.currentTarget.checked } })
            }
          />
        </Field>
      ))}
      <TextField
        id="gent-config-time-interval"
        label="Shortest step"
        description="Graphs whose query names no step have none finer. Whole minutes are answered from counts, exactly."
        placeholder="1m"
        value={jsonData.timeInterval}
        onChange={(timeInterval) => update({ timeInterval })}
      />
      <Field label="Hide the search builder" description="Takes the tab Search out of the query editor">
        <Switch
          id="gent-config-hide-search"
          value={search.hide ?? false}
          onChange={(event) => update({ search: { ...search, hide: event.currentTarget.checked } })}
        />
      </Field>
      <Field
        label="Fields of the search builder"
        description="Conditions that it always shows; a value given here is where a new search begins"
      >
        <BuilderFields uid={uid} settings={settings} />
      </Field>
      <NumberField
        id="gent-config-tag-limit"
        label="Tag limit"
        description="Attribute names or values at most that an editor asks for"
        placeholder="5000"
        value={jsonData.tagLimit}
        onChange={(tagLimit) => update({ tagLimit })}
      />
    </Section>
  );
}
