/** @file What one query may cost. */
import React from 'react';
import type { GenTLimits } from '../types';
import { NumberField } from './NumberField';
import { Section } from './Section';
import type { Settings } from './useSettings';

// Placeholders show the backend's defaults (QUERY_MILLISECONDS, QUERY_SPANS, QUERY_TRACE_CACHE_BYTES in pkg/common/limits.ts).
const LIMITS: Array<{ key: keyof GenTLimits; label: string; description: string; placeholder: string }> = [
  { key: 'timeoutSeconds', label: 'Query timeout', description: 'Seconds a query may take', placeholder: '60' },
  {
    key: 'maxSpans',
    label: 'Spans per query',
    description: 'Spans a query may generate before it is estimated or refused',
    placeholder: '20000000',
  },
  {
    key: 'cacheMegabytes',
    label: 'Cache',
    description: 'Megabytes of generated traces kept for the next query',
    placeholder: '128',
  },
];

export function LimitsSection({ settings: { jsonData, update } }: { settings: Settings }) {
  return (
    <Section
      title="Limits"
      description="A query that would cost more is estimated, or refused with a word on what to do."
    >
      {LIMITS.map(({ key, ...field }) => (
        <NumberField
          key={key}
          id={`gent-config-${key}`}
          {...field}
          value={jsonData.limits?.[key]}
          onChange={(value) => update({ limits: { ...jsonData.limits, [key]: value } })}
        />
      ))}
    </Section>
  );
}
