/** @file Grafana's components for tests: all of them, but Monaco needs a browser, so a text area stands in for it. */
import React from 'react';

const actual = jest.requireActual('@grafana/ui');

interface Props {
  value: string;
  onChange: (text: string) => void;
  monacoOptions?: { ariaLabel?: string };
}

function CodeEditor({ value, onChange, monacoOptions }: Props) {
  return (
    <textarea
      aria-label={monacoOptions?.ariaLabel}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

module.exports = { ...actual, CodeEditor };
