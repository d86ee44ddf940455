/** @file The search builder: conditions as fields, and the TraceQL that they make. */
import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeRange } from '@grafana/data';
import { Button, InlineField, Stack, Text, useStyles2 } from '@grafana/ui';
import React, { useEffect, useRef } from 'react';
import type { GenTDataSource } from '../../datasource';
import { attributeText, filterCondition, traceqlFromFilters } from '../../traceql';
import type { GenTQuery, TraceFilter } from '../../types';
import { ConditionField } from './ConditionField';
import { DurationRange } from './DurationRange';
import { filtersOf, freshId, MAX_DURATION, MIN_DURATION, STATUS, staticFields, withFilter } from './fields';
import { TagRows } from './TagRows';

interface Props {
  query: GenTQuery;
  datasource: GenTDataSource;
  range?: TimeRange;
  onChange: (change: Partial<GenTQuery>) => void;
  onOpenInTraceql: () => void;
}

const LABEL_WIDTH = 16;

/** `resource.service.name` → `Service name`. */
function titleOf({ tag }: TraceFilter): string {
  const words = (tag === 'name' ? 'span name' : tag).replace(/[._-]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function SearchTab({ query, datasource, range, onChange, onOpenInTraceql }: Props) {
  const styles = useStyles2(getStyles);
  const id = `gent-search-${query.refId}`;
  const fields = [...staticFields(datasource.options), STATUS];
  const filters = filtersOf(query, datasource.options);
  // A change that comes before the one before has gone round through Grafana builds on that one.
  const latest = useRef(filters);
  useEffect(() => {
    latest.current = filters;
  });
  const set = (next: TraceFilter[]) => {
    latest.current = next;
    onChange({ filters: next, query: traceqlFromFilters(next) });
  };
  const change = (...changed: TraceFilter[]) => set(changed.reduce(withFilter, latest.current));
  const othersOf = ({ id: own }: TraceFilter) => traceqlFromFilters(filters.filter((one) => one.id !== own));
  const ownField = new Set([...fields, MIN_DURATION, MAX_DURATION].map((field) => field.id));
  const rows = filters.filter((filter) => !ownField.has(filter.id));
  const empty = !filters.some((filter) => filterCondition(filter) !== undefined);

  return (
    <div>
      {fields.map((field) => {
        const filter = filters.find((one) => one.id === field.id) ?? field;
        return (
          <InlineField
            key={field.id}
            label={titleOf(field)}
            labelWidth={LABEL_WIDTH}
            tooltip={attributeText(field.tag, field.scope)}
          >
            <ConditionField
              id={`${id}-${field.id}`}
              name={titleOf(field)}
              filter={filter}
              datasource={datasource}
              range={range}
              others={othersOf(filter)}
              onChange={change}
            />
          </InlineField>
        );
      })}
      <InlineField
        label="Duration"
        labelWidth={LABEL_WIDTH}
        tooltip="Of the span or the trace; units are ns, us, ms, s, m and h"
      >
        <DurationRange id={id} filters={filters} onChange={change} />
      </InlineField>
      <InlineField
        label="Tags"
        labelWidth={LABEL_WIDTH}
        tooltip="Attributes and intrinsics of the spans in this time range"
      >
        <TagRows
          id={id}
          filters={rows}
          datasource={datasource}
          range={range}
          othersOf={othersOf}
          onChange={change}
          onRemove={({ id: removed }) => set(latest.current.filter((one) => one.id !== removed))}
          onAdd={() =>
            set([
              ...latest.current,
              { id: freshId(latest.current), scope: 'resource', tag: '', operator: '=', value: [] },
            ])
          }
        />
      </InlineField>
      <div className={styles.text}>
        <Stack direction="column" gap={0}>
          <code aria-label="TraceQL of this search" className={styles.code}>
            {traceqlFromFilters(filters)}
          </code>
          {empty && (
            <Text variant="bodySmall" color="secondary">
              Lists every trace of the time range. Choose a service, a status or a tag to narrow the search.
            </Text>
          )}
        </Stack>
        <Button size="sm" variant="secondary" onClick={onOpenInTraceql}>
          Edit in TraceQL
        </Button>
      </div>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  text: css({
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'space-between',
    gap: theme.spacing(1),
    padding: theme.spacing(0.5, 1),
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.secondary,
  }),
  code: css({
    padding: 0,
    border: 'none',
    background: 'none',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    fontSize: theme.typography.code.fontSize,
  }),
});
