/** @file The services and who calls whom, all of them or one with its neighbours. */
import type { TimeRange } from '@grafana/data';
import { InlineField, Text } from '@grafana/ui';
import React from 'react';
import { ServiceCombobox } from '../components';
import type { GenTDataSource } from '../datasource';
import type { GenTQuery } from '../types';

interface Props {
  query: GenTQuery;
  datasource: GenTDataSource;
  range?: TimeRange;
  /** Changes the query and runs it. */
  onChange: (change: Partial<GenTQuery>) => void;
}

export function ServiceGraphTab({ query, datasource, range, onChange }: Props) {
  const id = `gent-service-${query.refId}`;
  return (
    <div>
      <InlineField
        label="Service"
        labelWidth={14}
        tooltip="Only this service and those it calls or is called by"
        htmlFor={id}
      >
        <ServiceCombobox
          id={id}
          value={query.service ?? ''}
          datasource={datasource}
          range={range}
          placeholder="all services"
          onChange={(service) => onChange({ service: service === '' ? undefined : service })}
        />
      </InlineField>
      <Text element="p" variant="bodySmall" color="secondary">
        Rates and errors are counted, durations are estimated. The table links to the traces of a service.
      </Text>
    </div>
  );
}
