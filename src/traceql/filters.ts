/** @file The search builder's conditions ↔ TraceQL. */
import type { FilterOperator, FilterValueType, TraceFilter } from '../types';
import { attributeText, DURATION_TAGS, KEYWORD_TAGS, splitAttribute } from './attribute';
import { quote } from './text';
import { tokenize, unquote, type Token } from './tokens';

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const DURATION = /^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+$/;
const ORDERED: ReadonlySet<string> = new Set(['>', '>=', '<', '<=']);
const OPERATORS: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~', ...ORDERED]);

/** The values of a condition that are not empty. */
export function valuesOf(filter: TraceFilter): string[] {
  const values = Array.isArray(filter.value) ? filter.value : [filter.value];
  return values.filter((value) => value !== undefined && value !== '');
}

function literal(value: string, tag: string, operator: FilterOperator, type: FilterValueType | undefined): string {
  if (operator === '=~' || operator === '!~' || type === 'string') {
    return quote(value);
  }
  if (type !== undefined || KEYWORD_TAGS.has(tag) || DURATION_TAGS.has(tag)) {
    return value;
  }
  const bare =
    NUMBER.test(value) ||
    value === 'true' ||
    value === 'false' ||
    value === 'nil' ||
    (ORDERED.has(operator) && DURATION.test(value));
  return bare ? value : quote(value);
}

/**
 * One condition as TraceQL, or undefined while it has no attribute or no value.
 * @param options - `numbersMayBeText`: `200` of an unknown type matches the number and the text
 */
export function filterCondition(
  filter: TraceFilter,
  { numbersMayBeText = false }: { numbersMayBeText?: boolean } = {}
): string | undefined {
  const { operator, tag, valueType } = filter;
  const attribute = attributeText(tag.trim(), filter.scope);
  const values = valuesOf(filter);
  if (attribute === '' || values.length === 0) {
    return undefined;
  }
  if (operator === '=~' || operator === '!~') {
    return `${attribute} ${operator} ${quote(values.join('|'))}`;
  }
  const eitherType = numbersMayBeText && valueType === undefined && attribute.includes('.');
  const literals = values.flatMap((value) => {
    const one = literal(value, tag, operator, valueType);
    return eitherType && one === value && (operator === '=' || operator === '!=') ? [one, quote(value)] : [one];
  });
  if (operator === '!=' && literals.length > values.length) {
    // A comparison of a text with a number is never true, `!=` neither.
    return `${attribute} != nil && !(${literals.map((one) => `${attribute} = ${one}`).join(' || ')})`;
  }
  const joined = literals.map((one) => `${attribute} ${operator} ${one}`).join(operator === '=' ? ' || ' : ' && ');
  return literals.length > 1 ? `(${joined})` : joined;
}

/** The query that conditions make; `{ }` when none is complete. */
export function traceqlFromFilters(filters: readonly TraceFilter[]): string {
  const conditions = filters.map((filter) => filterCondition(filter)).filter((text) => text !== undefined);
  return conditions.length === 0 ? '{ }' : `{ ${conditions.join(' && ')} }`;
}

function valueOf(token: Token): Pick<TraceFilter, 'value' | 'valueType'> | undefined {
  switch (token.kind) {
    case 'string':
      return { value: unquote(token.text), valueType: 'string' };
    case 'number':
      return {
        value: token.text,
        valueType: DURATION.test(token.text) ? 'duration' : /[.eE]/.test(token.text) ? 'float' : 'int',
      };
    case 'word':
      return { value: token.text, valueType: /^(true|false)$/.test(token.text) ? 'bool' : 'keyword' };
    default:
      return undefined;
  }
}

/**
 * The conditions of a query that the search builder can show: one pair of braces, comparisons joined by `&&`.
 * undefined for anything else.
 */
export function filtersFromTraceql(text: string): TraceFilter[] | undefined {
  const tokens = tokenize(text);
  if (tokens[0]?.text !== '{' || tokens.at(-1)?.text !== '}') {
    return undefined;
  }
  const inner = tokens.slice(1, -1);
  const filters: TraceFilter[] = [];
  for (let at = 0; at < inner.length; at += 4) {
    const [name, operator, value, joint] = inner.slice(at, at + 4);
    const read = value === undefined ? undefined : valueOf(value);
    const isName = name?.kind === 'attribute' || name?.kind === 'word';
    const ends = joint === undefined || (joint.text === '&&' && at + 4 < inner.length);
    if (!isName || operator === undefined || !OPERATORS.has(operator.text) || read === undefined || !ends) {
      return undefined;
    }
    filters.push({
      id: `f${filters.length}`,
      ...splitAttribute(name.text),
      operator: operator.text as FilterOperator,
      ...read,
    });
  }
  return filters;
}
