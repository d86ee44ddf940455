/** @file The field for TraceQL: Grafana's Monaco with completion, help and errors where the engine finds them. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { CodeEditor, type Monaco, type MonacoEditor, useStyles2 } from '@grafana/ui';
import React, { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { QueryError } from '../resources';
import type { CompletionSource } from './completion';
import { LANGUAGE_ID } from './monarch';
import { ensureTraceql, markError, offerFrom } from './register';

interface Props {
  value: string;
  /** What completion and hover help read. */
  source: CompletionSource;
  /** Underlined while it is set. */
  error?: QueryError;
  placeholder: string;
  onChange: (text: string) => void;
  onRunQuery: () => void;
  onFormat: () => void;
}

const MIN_HEIGHT = 32;
const MAX_HEIGHT = 400;
const FOCUSABLE = 'a[href], button, input, select, textarea, [tabindex]';

const OPTIONS = {
  folding: false,
  lineNumbers: 'off',
  glyphMargin: false,
  lineDecorationsWidth: 8,
  overviewRulerLanes: 0,
  renderLineHighlight: 'none',
  scrollBeyondLastLine: false,
  scrollbar: { vertical: 'auto', horizontal: 'hidden', verticalScrollbarSize: 8, horizontalScrollbarSize: 0 },
  suggestFontSize: 12,
  // A brace typed over a selection replaces it.
  autoSurround: 'never',
  wordWrap: 'on',
  ariaLabel: 'TraceQL query',
  // Words of the text are no suggestions: attributes and values are.
  wordBasedSuggestions: false,
} as const;

/** Moves the focus out of the editor, so that Tab works as in every other field. */
function focusBeyond(container: HTMLElement, step: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (element) => element.tabIndex >= 0 && !element.hasAttribute('disabled') && element.getClientRects().length > 0
  );
  const inside = all.map((element) => container.contains(element));
  const edge = step > 0 ? inside.lastIndexOf(true) : inside.indexOf(true);
  all[edge + step]?.focus();
}

export function TraceQLEditor({ value, source, error, placeholder, onChange, onRunQuery, onFormat }: Props) {
  const styles = useStyles2(getStyles);
  const [height, setHeight] = useState(MIN_HEIGHT);
  const [mounted, setMounted] = useState<{ editor: MonacoEditor; monaco: Monaco }>();
  // Monaco keeps the functions that it is given first.
  const latest = useRef({ onChange, onRunQuery, onFormat, source });
  useLayoutEffect(() => {
    latest.current = { onChange, onRunQuery, onFormat, source };
  });

  useEffect(() => {
    const model = mounted?.editor.getModel();
    if (mounted && model) {
      markError(mounted.monaco, model, error);
    }
  }, [mounted, error]);

  const release = useRef<() => void>(undefined);
  useEffect(() => () => release.current?.(), []);

  const onMount = (editor: MonacoEditor, monaco: Monaco) => {
    const model = editor.getModel();
    if (model) {
      release.current = offerFrom(model, () => latest.current.source);
    }
    editor.addAction({
      id: 'run-query',
      label: 'Run query',
      keybindings: [monaco.KeyMod.Shift | monaco.KeyCode.Enter, monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter],
      run: () => latest.current.onRunQuery(),
    });
    editor.addAction({
      id: 'format-query',
      label: 'Format query',
      keybindings: [monaco.KeyMod.Shift | monaco.KeyMod.Alt | monaco.KeyCode.KeyF],
      run: () => latest.current.onFormat(),
    });
    const container = editor.getContainerDomNode();
    const free = '!suggestWidgetVisible && !inSnippetMode';
    editor.addAction({
      id: 'focus-next',
      label: 'Next field',
      keybindings: [monaco.KeyCode.Tab],
      keybindingContext: free,
      run: () => focusBeyond(container, 1),
    });
    editor.addAction({
      id: 'focus-previous',
      label: 'Previous field',
      keybindings: [monaco.KeyMod.Shift | monaco.KeyCode.Tab],
      keybindingContext: free,
      run: () => focusBeyond(container, -1),
    });
    const fit = () => setHeight(Math.min(MAX_HEIGHT, Math.max(MIN_HEIGHT, editor.getContentHeight())));
    editor.onDidContentSizeChange(fit);
    fit();
    setMounted({ editor, monaco });
  };

  return (
    <div className={styles.field}>
      <CodeEditor
        value={value}
        language={LANGUAGE_ID}
        height={height}
        showMiniMap={false}
        showLineNumbers={false}
        monacoOptions={OPTIONS}
        onBeforeEditorMount={ensureTraceql}
        onEditorDidMount={onMount}
        onChange={(text) => latest.current.onChange(text)}
      />
      {value === '' && (
        <div className={styles.placeholder} aria-hidden>
          {placeholder}
        </div>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  field: css({ position: 'relative', width: '100%' }),
  placeholder: css({
    position: 'absolute',
    top: theme.spacing(0.75),
    left: theme.spacing(1.25),
    pointerEvents: 'none',
    color: theme.colors.text.disabled,
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.fontSize,
  }),
});
