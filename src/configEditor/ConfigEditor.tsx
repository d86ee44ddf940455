/** @file The settings of the data source: where the models are, limits, links from spans, search and the trace view. */
import { Stack } from '@grafana/ui';
import React from 'react';
import { LimitsSection } from './LimitsSection';
import { TraceToLogs, TraceToMetrics, TraceToProfiles } from './links';
import { ModelsSection } from './ModelsSection';
import { SearchSection } from './SearchSection';
import { TraceViewSection } from './TraceViewSection';
import { type SettingsProps, useSettings } from './useSettings';

export function ConfigEditor(props: SettingsProps) {
  const settings = useSettings(props);
  return (
    <Stack direction="column" gap={3}>
      <ModelsSection settings={settings} />
      <LimitsSection settings={settings} />
      <TraceToLogs settings={settings} />
      <TraceToMetrics settings={settings} />
      <TraceToProfiles settings={settings} />
      <SearchSection uid={props.options.uid} settings={settings} />
      <TraceViewSection settings={settings} />
    </Stack>
  );
}
