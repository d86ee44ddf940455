/** @file Least and greatest duration, of the span or of the whole trace. */
import { Combobox, Input, Stack } from '@grafana/ui';
import React from 'react';
import { HiddenLabel } from '../../components';
import { valuesOf } from '../../traceql';
import type { FilterOperator, TraceFilter } from '../../types';
import { MAX_DURATION, MIN_DURATION } from './fields';

interface Props {
  /** Beginning of the ids of the fields. */
  id: string;
  filters: readonly TraceFilter[];
  /** Is given every condition that changes, so that both sides are always of the same kind. */
  onChange: (...filters: TraceFilter[]) => void;
}

const OF = [
  { label: 'span', value: 'duration', description: 'duration of the span' },
  { label: 'trace', value: 'traceDuration', description: 'from the first start to the last end of the trace' },
];
const LEAST: Array<{ label: string; value: FilterOperator }> = [
  { label: '>', value: '>' },
  { label: '>=', value: '>=' },
];
const GREATEST: Array<{ label: string; value: FilterOperator }> = [
  { label: '<', value: '<' },
  { label: '<=', value: '<=' },
];
const DURATION = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|\$|^$/;

export function DurationRange({ id, filters, onChange }: Props) {
  const sides = [MIN_DURATION, MAX_DURATION].map((side) => filters.find((one) => one.id === side.id) ?? side);
  const of = sides.some(({ tag }) => tag === 'traceDuration' || tag === 'trace:duration')
    ? 'traceDuration'
    : 'duration';
  return (
    <Stack direction="row" gap={0}>
      <HiddenLabel htmlFor={`${id}-duration-of`}>Duration of</HiddenLabel>
      <Combobox
        id={`${id}-duration-of`}
        options={OF}
        value={of}
        width={12}
        onChange={({ value }) => onChange(...sides.map((side) => ({ ...side, tag: value })))}
      />
      {sides.map((side, index) => {
        const name = index === 0 ? 'Least duration' : 'Greatest duration';
        const [value = ''] = valuesOf(side);
        return (
          <React.Fragment key={side.id}>
            <HiddenLabel htmlFor={`${id}-${side.id}-operator`}>{`${name}: operator`}</HiddenLabel>
            <Combobox
              id={`${id}-${side.id}-operator`}
              options={index === 0 ? LEAST : GREATEST}
              value={side.operator}
              width={9}
              onChange={({ value: operator }) => onChange({ ...side, tag: of, operator })}
            />
            <Input
              aria-label={name}
              width={14}
              value={value}
              invalid={!DURATION.test(value.trim())}
              aria-invalid={!DURATION.test(value.trim())}
              placeholder={index === 0 ? 'e.g. 100ms' : 'e.g. 1.2s'}
              onChange={(event) => onChange({ ...side, tag: of, value: event.currentTarget.value.trim() })}
            />
          </React.Fragment>
        );
      })}
    </Stack>
  );
}
