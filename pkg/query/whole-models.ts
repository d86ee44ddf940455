/** @file Which models can matter to a query at all, by what their manifests say: the others are not even opened. */
import type { SpanKinds, StoredModel } from '../store';
import { compileTracesFilter, type Query, type StaticSpan } from '../traceql';

/** Attributes that generating adds, see pkg/generate. */
const MARKS = ['gent.generated', 'gent.model'];
const SERVICE = 'service.name';
/** Statuses: unset and ok; of operations that fail also error. */
const STATUSES = [0, 1];
const ERROR = 2;

const classesOf = new WeakMap<SpanKinds, readonly StaticSpan[]>();

/** Classes that hold all spans of a model: everything that the manifest leaves open is unknown. */
function classes(kinds: SpanKinds): readonly StaticSpan[] {
  let known = classesOf.get(kinds);
  if (known === undefined) {
    const spanVariables = new Set(kinds.spanKeys);
    const anyService = new Set([...kinds.resourceKeys, ...MARKS]);
    // A service's name is a text, the very one of the attribute; without it the attribute may be of another type.
    const named = new Set([...anyService].filter((key) => key !== SERVICE));
    known = kinds.operations.flatMap(({ service, name, kind, fails }) =>
      (fails ? [...STATUSES, ERROR] : STATUSES).map((statusCode) => ({
        service,
        name,
        kind,
        statusCode,
        rootService: '',
        rootName: '',
        isRoot: false,
        anyPlace: true,
        spanConstants: [],
        resourceConstants: [],
        spanVariables,
        resourceVariables: service === '' ? anyService : named,
      }))
    );
    classesOf.set(kinds, known);
  }
  return known;
}

/** Tells of models whether any of their traces can contribute to the answer. Never false for one of which a trace does. */
export function compileModelFilter(query: Query): (model: StoredModel) => boolean {
  const mayMatch = compileTracesFilter(query);
  const answers = new WeakMap<SpanKinds, boolean>();
  return ({ kinds }) => {
    if (kinds === undefined) {
      return true;
    }
    let answer = answers.get(kinds);
    if (answer === undefined) {
      answer = mayMatch(classes(kinds));
      answers.set(kinds, answer);
    }
    return answer;
  };
}
