/** @file What an editor offers at a place of a query. */
import type { LanguageItem, TagValue, TraceqlLanguage } from '../resources';
import { DURATION_TAGS, quote, situationAt, splitAttribute, type Situation } from '../traceql';

/** One offer. It replaces the text between `start` and the cursor. */
export interface Completion {
  label: string;
  insert: string;
  kind: 'scope' | 'attribute' | 'intrinsic' | 'value' | 'keyword' | 'function' | 'operator' | 'hint' | 'snippet';
  help?: string;
  start: number;
  /** `$0` in `insert` is where the cursor goes. */
  snippet?: boolean;
  /** What follows is offered at once. */
  more?: boolean;
}

/** What completion asks for. */
export interface CompletionSource {
  language(): Promise<TraceqlLanguage>;
  /** Attributes and intrinsics as TraceQL writes them. */
  tagNames(): Promise<string[]>;
  tagValues(attribute: string, filter: string | undefined): Promise<TagValue[]>;
  /** Names of the dashboard's variables, without `$`. */
  variables(): string[];
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~', '>', '>=', '<', '<=']);
const SPANSET_OPERATORS: ReadonlySet<string> = new Set(['&&', '||', '>>', '<<', '>', '<', '~', '!>', '&>']);
const WITHOUT_ARGUMENTS: ReadonlySet<string> = new Set(['count()', 'coalesce()', 'rate()', 'count_over_time()']);
const DURATIONS = ['1ms', '10ms', '100ms', '500ms', '1s', '5s', '10s'];

const STARTS: Array<[string, string, string]> = [
  ['{ }', '{ $0 }', 'spans that match; empty braces match every span'],
  ['{ status = error }', '{ status = error }', 'spans with an error'],
  ['{ } | rate()', '{ $0 } | rate()', 'spans per second, exact from counts'],
];

type Maker = (item: LanguageItem) => Omit<Completion, 'start'>;

const operator: Maker = ({ text, help }) => ({ label: text, insert: `${text} `, kind: 'operator', help, more: true });
const func: Maker = ({ text, help }) => {
  const plain = WITHOUT_ARGUMENTS.has(text);
  return {
    label: text,
    insert: plain ? text : text.replace('()', '($0)'),
    kind: 'function',
    help,
    snippet: !plain,
    more: !plain,
  };
};

function operands(language: TraceqlLanguage, names: readonly string[]): Array<Omit<Completion, 'start'>> {
  const intrinsics = new Map(language.intrinsics.map((item) => [item.bare ?? item.scoped ?? '', item]));
  const isIntrinsic = (name: string) =>
    language.intrinsics.some(({ bare, scoped }) => name === bare || name === scoped);
  return [
    ...language.scopes.map(({ text, help }) => ({
      label: text,
      insert: text,
      kind: 'scope' as const,
      help,
      more: true,
    })),
    ...[...intrinsics].map(([name, { help, type, scoped }]) => ({
      label: name,
      insert: name,
      kind: 'intrinsic' as const,
      help: `${help} (${type})${scoped !== undefined && scoped !== name ? `; also ${scoped}` : ''}`,
    })),
    ...names
      .filter((name) => !isIntrinsic(name))
      .map((name) => ({
        label: name,
        insert: name,
        kind: 'attribute' as const,
        help: `${splitAttribute(name).scope ?? ''} attribute`.trim(),
      })),
  ];
}

/** The values of an attribute, written as the language writes them; inside quotes only what stands between them. */
async function values(
  source: CompletionSource,
  { attribute = '', quote: mark, filter }: Situation
): Promise<Array<Omit<Completion, 'start'>>> {
  const { keywords } = await source.language();
  const found = await source.tagValues(attribute, filter);
  const write = (text: string) => (mark === '`' ? text : mark === '"' ? quote(text).slice(1, -1) : quote(text));
  const known = found
    .filter(({ type }) => mark === undefined || type === 'string')
    .map(({ type, value }) => ({
      label: value === '' ? '""' : value,
      insert: type === 'string' ? write(value) : value,
      kind: type === 'keyword' ? ('keyword' as const) : ('value' as const),
      help: type,
    }));
  const durations = DURATION_TAGS.has(attribute) ? DURATIONS : [];
  const variables = source.variables().map((name) => ({
    label: `$${name}`,
    insert: write(`$${name}`),
    kind: 'value' as const,
    help: 'variable of the dashboard',
  }));
  const nil = keywords.filter(({ text }) => text === 'nil' && mark === undefined);
  return [
    ...known,
    ...durations.map((text) => ({ label: text, insert: text, kind: 'value' as const, help: 'duration' })),
    ...nil.map(({ text, help }) => ({ label: text, insert: text, kind: 'keyword' as const, help })),
    ...variables,
  ];
}

async function offersFor(source: CompletionSource, situation: Situation): Promise<Array<Omit<Completion, 'start'>>> {
  const language = await source.language();
  const operators = (wanted: ReadonlySet<string>) =>
    language.operators.filter(({ text }) => wanted.has(text)).map(operator);
  const pipe = { label: '|', insert: '| ', kind: 'operator' as const, help: 'next stage', more: true };
  switch (situation.kind) {
    case 'empty':
      return STARTS.map(([label, insert, help]) => ({ label, insert, kind: 'snippet', help, snippet: true }));
    case 'operand':
      return operands(language, await source.tagNames());
    case 'operator':
      return operators(COMPARISONS);
    case 'value':
      return values(source, situation);
    case 'joint':
      return operators(new Set(['&&', '||']));
    case 'afterSpanset':
      return [pipe, ...operators(SPANSET_OPERATORS)];
    case 'stage':
      return language.functions.map(func);
    case 'afterStage':
      return [
        pipe,
        {
          label: 'by ()',
          insert: 'by ($0)',
          kind: 'keyword',
          help: 'one series for each value',
          snippet: true,
          more: true,
        },
        { label: 'with ()', insert: 'with ($0)', kind: 'keyword', help: 'hints', snippet: true, more: true },
        ...operators(new Set(['>', '>=', '<', '<=', '=', '!='])),
      ];
    case 'hint':
      return language.hints.map(({ text, help }) => ({ label: text, insert: `${text}=`, kind: 'hint', help }));
    case 'none':
      return [];
  }
}

/** What can be typed at `offset` of `text`, most useful first. */
export async function complete(source: CompletionSource, text: string, offset: number): Promise<Completion[]> {
  const situation = situationAt(text, offset);
  const offers = await offersFor(source, situation);
  return offers.map((offer) => ({ ...offer, start: situation.start }));
}
