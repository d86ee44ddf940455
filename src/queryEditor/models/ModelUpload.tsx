/** @file Sends a .gent file to the store. The backend checks the role and the file. */
import { Alert, Button, Stack } from '@grafana/ui';
import React, { type ReactNode, useRef, useState } from 'react';
import { messageOf } from '../../components';
import type { GenTDataSource } from '../../datasource';

interface Props {
  datasource: GenTDataSource;
  onUploaded: () => void;
  /** What stands beside the button. */
  children: ReactNode;
}

type State = { kind: 'idle' } | { kind: 'sending' } | { kind: 'done' | 'failed'; text: string };

export function ModelUpload({ datasource, onUploaded, children }: Props) {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const input = useRef<HTMLInputElement>(null);

  const send = async (file: File) => {
    setState({ kind: 'sending' });
    try {
      await datasource.uploadModel(file);
      setState({ kind: 'done', text: `${file.name} is in the store.` });
      onUploaded();
    } catch (error) {
      setState({ kind: 'failed', text: messageOf(error) });
    }
  };

  return (
    <Stack direction="column" gap={1}>
      <input
        ref={input}
        type="file"
        accept=".gent"
        hidden
        aria-label="Model file"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          event.currentTarget.value = '';
          if (file !== undefined) {
            void send(file);
          }
        }}
      />
      <Stack direction="row" gap={1} alignItems="center" wrap="wrap">
        <Button
          variant="secondary"
          icon={state.kind === 'sending' ? 'spinner' : 'upload'}
          disabled={state.kind === 'sending'}
          tooltip="A .gent file for the store; the role Editor or Admin may add one"
          onClick={() => input.current?.click()}
        >
          Upload model
        </Button>
        {children}
      </Stack>
      {(state.kind === 'done' || state.kind === 'failed') && (
        <Alert
          severity={state.kind === 'done' ? 'success' : 'error'}
          title={state.kind === 'done' ? 'Model uploaded' : 'The model was not stored'}
          onRemove={() => setState({ kind: 'idle' })}
        >
          {state.text}
        </Alert>
      )}
    </Stack>
  );
}
