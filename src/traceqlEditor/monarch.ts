/** @file TraceQL for Monaco: colours, brackets, comments. */
import type { monacoTypes } from '@grafana/ui';

/** Not `traceql`: Grafana's Tempo data source registers its own providers under that name. */
export const LANGUAGE_ID = 'gent-traceql';

export const configuration: monacoTypes.languages.LanguageConfiguration = {
  // A name such as span.http.route is one word.
  wordPattern: /[^\s"`{}()=~!<>&|^,+*/%]+/,
  comments: { lineComment: '//', blockComment: ['/*', '*/'] },
  brackets: [
    ['{', '}'],
    ['(', ')'],
  ],
  autoClosingPairs: [
    { open: '{', close: '}' },
    { open: '(', close: ')' },
    { open: '"', close: '"', notIn: ['string', 'comment'] },
    { open: '`', close: '`', notIn: ['string', 'comment'] },
  ],
};

/** Token types are those that Grafana's themes colour in all of its query editors. */
export const tokensProvider: monacoTypes.languages.IMonarchLanguage = {
  defaultToken: '',
  keywords: ['error', 'ok', 'unset', 'true', 'false', 'nil', 'by', 'with'],
  kinds: ['server', 'client', 'producer', 'consumer', 'internal', 'unspecified'],
  tokenizer: {
    root: [
      [/\/\/.*$/, 'comment'],
      [/\/\*/, 'comment', '@comment'],
      [/"/, 'string', '@string'],
      [/`[^`]*`?/, 'string'],
      [/\$\{[^}]*\}|\$\w+|\[\[\w+\]\]/, 'variable'],
      [/(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:[nuµmshdw][nuµmshdw0-9.]*)?/, 'number'],
      [
        /(?:parent\.)?(?:span|resource|event|link|instrumentation)?\.(?:"(?:[^"\\]|\\.)*"?|[^\s"{}()=~!<>&|^,])*/,
        'tag',
      ],
      [/(?:span|trace|event|link|instrumentation):\w*/, 'tag'],
      [/[a-zA-Z_]\w*(?=\s*\()/, { cases: { 'by|with': 'keyword', '@default': 'predefined' } }],
      [/[a-zA-Z_]\w*/, { cases: { '@keywords': 'keyword', '@kinds': 'keyword', '@default': 'tag' } }],
      [/[{}()]/, 'delimiter'],
      [/[!=<>~|&+\-*/%^]+/, 'operator'],
    ],
    comment: [
      [/\*\//, 'comment', '@pop'],
      [/./, 'comment'],
    ],
    string: [
      [/\$\{[^}]*\}|\$\w+/, 'variable'],
      [/\\./, 'string.escape'],
      [/"/, 'string', '@pop'],
      [/[^"\\$]+|\$/, 'string'],
    ],
  },
};
