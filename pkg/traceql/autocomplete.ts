/** @file What an editor can offer: scopes, intrinsics, values of keywords, functions and operators, each with a line of help. */
import { KIND_NAMES, STATUS_NAMES } from './ast';
import { INTRINSICS, type Intrinsic, type ValueType } from './intrinsics';

/** One thing that can be typed. */
export interface Suggestion {
  /** What is typed. */
  readonly text: string;
  readonly type: ValueType | 'scope' | 'keyword' | 'function' | 'operator' | 'hint';
  readonly help: string;
}

/** Scopes of attributes, as they are typed before a name. */
export const SCOPES: readonly Suggestion[] = [
  { text: 'span.', type: 'scope', help: 'attributes of the span' },
  { text: 'resource.', type: 'scope', help: 'attributes of the service or process that wrote the span' },
  { text: 'event.', type: 'scope', help: 'attributes of an event of the span' },
  { text: 'link.', type: 'scope', help: 'attributes of a link of the span' },
  { text: 'instrumentation.', type: 'scope', help: 'attributes of the instrumentation scope' },
  { text: '.', type: 'scope', help: 'attributes of the span, or else of its resource' },
];

/** Intrinsics in the spelling with a scope, or the bare one where there is no other. */
export const INTRINSIC_SUGGESTIONS: readonly Suggestion[] = (Object.keys(INTRINSICS) as Intrinsic[])
  .filter((name) => name !== 'parent')
  .map((name) => {
    const row: { type: ValueType; scoped?: string; bare?: string; help: string } = INTRINSICS[name];
    return {
      text: row.scoped ?? row.bare ?? name,
      type: row.type === 'attribute' ? 'string' : row.type,
      help: row.help,
    };
  });

/** Literals with a meaning of their own. */
export const KEYWORDS: readonly Suggestion[] = [
  ...STATUS_NAMES.map((text): Suggestion => ({ text, type: 'status', help: `status ${text}` })),
  ...KIND_NAMES.map((text): Suggestion => ({ text, type: 'kind', help: `kind ${text}` })),
  { text: 'true', type: 'bool', help: 'the boolean true' },
  { text: 'false', type: 'bool', help: 'the boolean false' },
  {
    text: 'nil',
    type: 'nil',
    help: 'no value: `.a = nil` where the attribute is absent, `.a != nil` where it is there',
  },
];

/** Stages and functions after `|`. */
export const FUNCTIONS: readonly Suggestion[] = [
  { text: 'count()', type: 'function', help: 'number of spans of the spanset: | count() > 2' },
  { text: 'avg()', type: 'function', help: 'average over the spans: | avg(duration) > 1s' },
  { text: 'max()', type: 'function', help: 'greatest value over the spans: | max(span.bytes) > 100' },
  { text: 'min()', type: 'function', help: 'smallest value over the spans' },
  { text: 'sum()', type: 'function', help: 'sum over the spans' },
  { text: 'by()', type: 'function', help: 'groups spans by an expression: | by(resource.service.name)' },
  { text: 'coalesce()', type: 'function', help: 'merges groups into one spanset again' },
  { text: 'select()', type: 'function', help: 'returns more attributes: | select(span.http.url, resource.host.name)' },
  { text: 'rate()', type: 'function', help: 'spans per second' },
  { text: 'count_over_time()', type: 'function', help: 'spans in each step' },
  { text: 'min_over_time()', type: 'function', help: 'smallest value in each step' },
  { text: 'max_over_time()', type: 'function', help: 'greatest value in each step' },
  { text: 'avg_over_time()', type: 'function', help: 'average in each step' },
  { text: 'sum_over_time()', type: 'function', help: 'sum in each step' },
  {
    text: 'quantile_over_time()',
    type: 'function',
    help: 'quantiles in each step: quantile_over_time(duration, .5, .99)',
  },
  { text: 'histogram_over_time()', type: 'function', help: 'counts in power-of-two buckets in each step' },
  {
    text: 'compare()',
    type: 'function',
    help: 'attributes of selected spans against the others: compare({ status = error })',
  },
  { text: 'topk()', type: 'function', help: 'the greatest series of each step' },
  { text: 'bottomk()', type: 'function', help: 'the smallest series of each step' },
];

/** Operators between fields, and between spansets. */
export const OPERATORS: readonly Suggestion[] = [
  { text: '=', type: 'operator', help: 'equal; with arrays: any element' },
  { text: '!=', type: 'operator', help: 'different, where there is a value; with arrays: all elements' },
  { text: '=~', type: 'operator', help: 'matches the whole of an RE2 expression' },
  { text: '!~', type: 'operator', help: 'does not match the expression' },
  { text: '>', type: 'operator', help: 'greater; between spansets: children of' },
  { text: '>=', type: 'operator', help: 'greater or equal' },
  { text: '<', type: 'operator', help: 'less; between spansets: parents of' },
  { text: '<=', type: 'operator', help: 'less or equal' },
  { text: '&&', type: 'operator', help: 'both' },
  { text: '||', type: 'operator', help: 'either; binds as tightly as &&' },
  { text: '>>', type: 'operator', help: 'descendants of' },
  { text: '<<', type: 'operator', help: 'ancestors of' },
  { text: '~', type: 'operator', help: 'siblings of' },
  { text: '!>', type: 'operator', help: 'not children of (also !>> !< !<< !~)' },
  { text: '&>', type: 'operator', help: 'parents and their children (also &>> &< &<< &~)' },
];

/** Hints inside `with (…)`. */
export const HINTS: readonly Suggestion[] = [
  { text: 'most_recent', type: 'hint', help: 'newest traces first: most_recent=true' },
  { text: 'exemplars', type: 'hint', help: 'false, or how many exemplars a metrics query returns' },
];
