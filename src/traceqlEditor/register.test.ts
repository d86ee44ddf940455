import type { Monaco, monacoTypes } from '@grafana/ui';
import { testDatasource } from '../test/datasource';
import { LANGUAGE_ID } from './monarch';
import { ensureTraceql, markError, offerFrom } from './register';

/** The parts of Monaco that are called, as it calls back. */
function fakeMonaco() {
  const providers: {
    completion?: monacoTypes.languages.CompletionItemProvider;
    hover?: monacoTypes.languages.HoverProvider;
  } = {};
  const markers: unknown[] = [];
  const languages = {
    register: jest.fn(),
    setLanguageConfiguration: jest.fn(),
    setMonarchTokensProvider: jest.fn(),
    registerCompletionItemProvider: (_: string, provider: monacoTypes.languages.CompletionItemProvider) =>
      (providers.completion = provider),
    registerHoverProvider: (_: string, provider: monacoTypes.languages.HoverProvider) => (providers.hover = provider),
    CompletionItemKind: { Function: 1, Field: 3, Property: 9, Module: 8, Value: 13, Operator: 11 },
    CompletionItemInsertTextRule: { InsertAsSnippet: 4 },
  };
  const monaco = {
    languages,
    Range: { fromPositions: (a: unknown, b: unknown) => [a, b] },
    MarkerSeverity: { Error: 8 },
    editor: { setModelMarkers: (_model: unknown, _owner: string, given: unknown) => markers.push(given) },
  } as unknown as Monaco;
  return { monaco, languages, providers, markers };
}

const modelOf = (id: string, text: string) =>
  ({
    id,
    getValue: () => text,
    getOffsetAt: (offset: number) => offset,
    getPositionAt: (offset: number) => offset,
  }) as unknown as monacoTypes.editor.ITextModel;

describe('the language in Monaco', () => {
  it('is registered once, and offers from the source of each editor', async () => {
    const { monaco, languages, providers } = fakeMonaco();
    ensureTraceql(monaco);
    ensureTraceql(monaco);
    expect(languages.register).toHaveBeenCalledTimes(1);
    expect(languages.register).toHaveBeenCalledWith({ id: LANGUAGE_ID });
    const { datasource } = testDatasource();
    const model = modelOf('1', '{ } | ');
    const ask = async () =>
      (await providers.completion?.provideCompletionItems(model, 6 as never, {} as never, {} as never))?.suggestions;
    expect(await ask()).toEqual([]);
    const release = offerFrom(model, () => datasource.completionSource());
    expect(await ask()).toContainEqual(
      expect.objectContaining({ label: 'avg()', kind: 1, insertText: 'avg($0)', insertTextRules: 4, range: [6, 6] })
    );
    release();
    expect(await ask()).toEqual([]);
  });

  it('explains the word under the pointer', async () => {
    const { monaco, providers } = fakeMonaco();
    ensureTraceql(monaco);
    const model = modelOf('2', '{ name = "x" }');
    offerFrom(model, () => testDatasource().datasource.completionSource());
    const hover = await providers.hover?.provideHover(model, 3 as never, {} as never);
    expect(hover?.contents).toEqual([{ value: '`name`: intrinsic, string: name of the span' }]);
  });

  it('underlines an error where the engine found it, and nothing without one', () => {
    const { monaco, markers } = fakeMonaco();
    const error = { code: 'X', message: 'bad', hint: '', line: 2, column: 3, endColumn: 6 };
    markError(monaco, modelOf('3', ''), error);
    markError(monaco, modelOf('3', ''), undefined);
    expect(markers).toEqual([
      [
        expect.objectContaining({
          message: 'bad',
          startLineNumber: 2,
          startColumn: 3,
          endLineNumber: 2,
          endColumn: 6,
        }),
      ],
      [],
    ]);
  });
});
