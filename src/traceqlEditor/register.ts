/** @file TraceQL's providers in Grafana's Monaco: registered once for all editors; each editor brings its own source. */
import type { Monaco, monacoTypes } from '@grafana/ui';
import type { QueryError } from '../resources';
import { complete, type Completion, type CompletionSource } from './completion';
import { hoverAt } from './hover';
import { configuration, LANGUAGE_ID, tokensProvider } from './monarch';

type Model = monacoTypes.editor.ITextModel;

const MARKER_OWNER = 'gent';
const sources = new Map<string, () => CompletionSource>();
const ready = new WeakSet<object>();

function kindIn(monaco: Monaco, kind: Completion['kind']): monacoTypes.languages.CompletionItemKind {
  const kinds = monaco.languages.CompletionItemKind;
  switch (kind) {
    case 'scope':
      return kinds.Module;
    case 'attribute':
      return kinds.Field;
    case 'intrinsic':
      return kinds.Property;
    case 'value':
      return kinds.Value;
    case 'keyword':
      return kinds.Keyword;
    case 'function':
      return kinds.Function;
    case 'operator':
      return kinds.Operator;
    case 'hint':
      return kinds.Constant;
    case 'snippet':
      return kinds.Snippet;
  }
}

function toItem(monaco: Monaco, model: Model, offset: number, offer: Completion, index: number) {
  const { label, insert, kind, help, start, snippet, more } = offer;
  const rules = monaco.languages.CompletionItemInsertTextRule;
  return {
    label,
    kind: kindIn(monaco, kind),
    detail: help,
    // What stands between start and the cursor is compared with this: values are typed with or without quotes.
    filterText: kind === 'value' ? `${insert} ${label}` : label,
    sortText: String(index).padStart(5, '0'),
    insertText: insert,
    insertTextRules: snippet ? rules.InsertAsSnippet : undefined,
    range: monaco.Range.fromPositions(model.getPositionAt(start), model.getPositionAt(offset)),
    command: more ? { id: 'editor.action.triggerSuggest', title: '' } : undefined,
  };
}

/** Registers the language, its colours, completion and hover help. Further calls do nothing. */
export function ensureTraceql(monaco: Monaco): void {
  if (ready.has(monaco)) {
    return;
  }
  ready.add(monaco);
  const { languages } = monaco;
  languages.register({ id: LANGUAGE_ID });
  languages.setLanguageConfiguration(LANGUAGE_ID, configuration);
  languages.setMonarchTokensProvider(LANGUAGE_ID, tokensProvider);
  languages.registerCompletionItemProvider(LANGUAGE_ID, {
    triggerCharacters: ['{', '.', '(', '=', '~', '>', '<', '!', '"', '`', '|', '&', ' ', ','],
    async provideCompletionItems(model, position) {
      const source = sources.get(model.id)?.();
      const offset = model.getOffsetAt(position);
      const offers = source === undefined ? [] : await complete(source, model.getValue(), offset).catch(() => []);
      return { suggestions: offers.map((offer, index) => toItem(monaco, model, offset, offer, index)) };
    },
  });
  languages.registerHoverProvider(LANGUAGE_ID, {
    async provideHover(model, position) {
      const language = await sources
        .get(model.id)?.()
        .language()
        .catch(() => undefined);
      const hover = language && hoverAt(model.getValue(), model.getOffsetAt(position), language);
      return hover
        ? {
            contents: [{ value: hover.text }],
            range: monaco.Range.fromPositions(model.getPositionAt(hover.start), model.getPositionAt(hover.end)),
          }
        : null;
    },
  });
}

/** Gives the model of one editor its source of names and values, until the returned function is called. */
export function offerFrom(model: Model, source: () => CompletionSource): () => void {
  sources.set(model.id, source);
  return () => sources.delete(model.id);
}

/** Underlines an error where the engine found it; undefined removes the line. */
export function markError(monaco: Monaco, model: Model, error: QueryError | undefined): void {
  const markers =
    error === undefined
      ? []
      : [
          {
            severity: monaco.MarkerSeverity.Error,
            message: error.message,
            code: error.code,
            startLineNumber: error.line,
            startColumn: error.column,
            endLineNumber: error.line,
            endColumn: error.endColumn,
          },
        ];
  monaco.editor.setModelMarkers(model, MARKER_OWNER, markers);
}
