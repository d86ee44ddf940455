/** @file From a span to its profile. */
import { DataSourceWithBackend, getDataSourceSrv } from '@grafana/runtime';
import { Combobox, Field } from '@grafana/ui';
import React from 'react';
import { useStableCallback } from '../../components';
import type { TraceToProfilesOptions } from '../../types';
import { Section } from '../Section';
import type { Settings } from '../useSettings';
import { CustomQuery, LinkTarget } from './parts';
import { TagMappings } from './TagMappings';

/** As Pyroscope's resource `profileTypes` answers. */
interface ProfileType {
  id: string;
  label: string;
}

export function TraceToProfiles({ settings: { jsonData, update } }: { settings: Settings }) {
  const profiles: TraceToProfilesOptions = jsonData.tracesToProfiles ?? { customQuery: false };
  const { datasourceUid, profileTypeId } = profiles;
  const set = (change: Partial<TraceToProfilesOptions>) => update({ tracesToProfiles: { ...profiles, ...change } });
  const id = 'gent-config-profiles';

  const types = useStableCallback(async (typed: string) => {
    if (datasourceUid === undefined) {
      return [];
    }
    const target = await getDataSourceSrv()
      .get(datasourceUid)
      .catch(() => undefined);
    const found =
      target instanceof DataSourceWithBackend
        ? await target.getResource<ProfileType[]>('profileTypes').catch(() => [])
        : [];
    return found
      .map((type) => ({ label: type.label, value: type.id, description: type.id }))
      .filter(({ label, value }) => `${label} ${value}`.toLowerCase().includes(typed.toLowerCase()));
  });

  return (
    <Section
      title="Trace to profiles"
      description="Opens the profile of a span that carries pyroscope.profile.id."
      collapsible
      open={datasourceUid !== undefined}
    >
      <LinkTarget
        id={id}
        description="Where the profiles are"
        types={['grafana-pyroscope-datasource']}
        uid={datasourceUid}
        onChange={(uid) => set({ datasourceUid: uid })}
      />
      <Field label="Attributes" description="Select the profile. None: service.name and service.namespace.">
        <TagMappings name="Trace to profiles" tags={profiles.tags ?? []} onChange={(tags) => set({ tags })} />
      </Field>
      <Field
        label="Profile type"
        description={datasourceUid === undefined ? 'Choose a data source first' : 'What is profiled, e.g. CPU time'}
        htmlFor={`${id}-type`}
      >
        <Combobox
          key={datasourceUid}
          id={`${id}-type`}
          options={types}
          value={profileTypeId || null}
          placeholder="process_cpu:cpu:nanoseconds:cpu:nanoseconds"
          width={60}
          createCustomValue
          isClearable
          onChange={(option) => set({ profileTypeId: option?.value })}
        />
      </Field>
      <CustomQuery
        id={id}
        enabled={profiles.customQuery}
        query={profiles.query}
        placeholder='{${__tags}, span_name="${__span.name}"}'
        onChange={set}
      />
    </Section>
  );
}
