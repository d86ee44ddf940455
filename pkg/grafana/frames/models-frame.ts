/** @file The models of a store as a table, newest window first. */
import type { EngineDescription, ModelSummary } from '../../query';
import { SHORT_ID } from './timeline-frame';
import type { DataLink, Field, Frame, FrameMeta } from './frame';
import type { LinkTarget } from './search-frames';

/** What gzip -9 leaves of a span of OTLP/JSON, mean of the sets that docs/STATUS.md names. */
const GZIP_BYTES_A_SPAN = 29;

/** Measures of a fidelity card and what they say; docs/fidelity.md defines them. 0 is best. */
const MEASURES: Record<string, [title: string, description: string]> = {
  queryError: ['Query error', 'Mean distance of answers to queries on generated and on real traces.'],
  redError: ['RED error', 'Rates, errors and durations over time.'],
  durationP50: ['p50 error', 'Mean relative error of the median duration by service.'],
  durationP99: ['p99 error', 'Mean relative error of the p99 duration by service.'],
  edgeTV: ['Call error', 'Total variation of which operation calls which.'],
  spearmanDiff: ['Correlation error', 'Difference of rank correlations.'],
  copiedMultiSpan: ['Copied', 'Share of generated traces that equal a real one to the microsecond.'],
};
const NOT_MEASURES = new Set(['version', 'realTraces', 'generatedTraces']);

/** Exemplars and measures, where any model has them. */
function optionalFields(models: readonly ModelSummary[]): Field[] {
  const fields: Field[] = [];
  if (models.some((model) => model.exemplars !== undefined)) {
    const config = {
      displayNameFromDS: 'Exemplars',
      unit: 'short',
      description: 'Real traces that the model keeps verbatim.',
    };
    fields.push({ name: 'exemplars', type: 'number', config, values: models.map((model) => model.exemplars) });
  }
  const measured = new Set(models.flatMap((model) => Object.keys(model.fidelity ?? {})));
  const known = Object.keys(MEASURES).filter((key) => measured.has(key));
  const others = [...measured].filter((key) => !(key in MEASURES) && !NOT_MEASURES.has(key)).sort();
  for (const key of [...known, ...others]) {
    const [title, description] = MEASURES[key] ?? [key, 'A measure of fidelity.'];
    const config = { displayNameFromDS: title, description, unit: 'percentunit', decimals: 1 };
    fields.push({ name: key, type: 'number', config, values: models.map((model) => model.fidelity?.[key]) });
  }
  return fields;
}

/** The link that shows what the model holds whose id the cell holds. */
function operationsLink(target: LinkTarget): DataLink {
  return {
    title: 'Operations of this model',
    url: '',
    internal: {
      datasourceUid: target.uid,
      datasourceName: target.name,
      query: { query: '', queryType: 'models', modelsView: 'operations', modelId: '${__value.raw}' },
    },
  };
}

/** One row a model: its window, what it holds, and what it costs in bytes. */
export function modelsFrame(description: EngineDescription, target: LinkTarget, meta: FrameMeta = {}): Frame {
  const models = [...description.models].sort((a, b) =>
    a.window.start === b.window.start ? 0 : a.window.start < b.window.start ? 1 : -1
  );
  const width = { width: 180 };
  return {
    name: 'Models',
    fields: [
      {
        name: 'model',
        type: 'string',
        config: {
          displayNameFromDS: 'Model',
          custom: { width: 100 },
          links: [operationsLink(target)],
          mappings: models.map(({ id }) => ({ type: 'value', options: { [id]: { text: id.slice(0, SHORT_ID) } } })),
        },
        values: models.map((m) => m.id),
      },
      {
        name: 'from',
        type: 'time',
        config: { displayNameFromDS: 'From', custom: width },
        values: models.map((m) => m.window.start),
      },
      {
        name: 'to',
        type: 'time',
        config: { displayNameFromDS: 'To', custom: width },
        values: models.map((m) => m.window.end),
      },
      {
        name: 'traces',
        type: 'number',
        config: { displayNameFromDS: 'Traces', unit: 'short' },
        values: models.map((m) => m.traces),
      },
      {
        name: 'spans',
        type: 'number',
        config: { displayNameFromDS: 'Spans', unit: 'short' },
        values: models.map((m) => m.spans),
      },
      {
        name: 'bytes',
        type: 'number',
        config: { displayNameFromDS: 'Bytes', unit: 'bytes' },
        values: models.map((m) => m.bytes),
      },
      {
        name: 'bytesPerTrace',
        type: 'number',
        config: { displayNameFromDS: 'Bytes per trace', unit: 'bytes', decimals: 1 },
        values: models.map((m) => (m.traces === 0 ? null : m.bytes / m.traces)),
      },
      {
        name: 'gzipShare',
        type: 'number',
        config: {
          displayNameFromDS: '≈ of gzip',
          description: `Bytes of the model for each byte that gzip -9 would leave of its traces as OTLP/JSON, taken as ${GZIP_BYTES_A_SPAN} bytes a span.`,
          unit: 'percentunit',
          decimals: 2,
        },
        values: models.map((m) => (m.spans === 0 ? null : m.bytes / (m.spans * GZIP_BYTES_A_SPAN))),
      },
      ...optionalFields(models),
      {
        name: 'services',
        type: 'string',
        config: { displayNameFromDS: 'Services' },
        values: models.map((m) => m.services.join(', ')),
      },
      {
        name: 'created',
        type: 'time',
        config: { displayNameFromDS: 'Trained', custom: width },
        values: models.map((m) => BigInt(Math.round(m.createdUnixMs)) * 1_000_000n),
      },
      { name: 'file', type: 'string', config: { displayNameFromDS: 'File' }, values: models.map((m) => m.file) },
    ],
    meta: { preferredVisualisationType: 'table', ...meta },
  };
}
