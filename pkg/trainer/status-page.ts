/** @file The page at /: what the trainer holds and does, in plain HTML or text. */
import { gentVersion } from '../common';
import type { TrainerConfig } from './config';
import type { HeldNow } from './metrics';
import { beginningText, type Beginning } from './previous-model';
import type { TrainingNow } from './training-queue';

export interface TrainerStatus {
  readonly state: 'receiving' | 'draining';
  readonly address: string;
  readonly config: TrainerConfig;
  readonly held: HeldNow;
  readonly training: TrainingNow | undefined;
  readonly published: number;
  readonly failed: number;
  readonly lastModel: { readonly id: string; readonly bytes: number; readonly traces: number } | undefined;
  /** How the training of the last model began; undefined before the first, or where trainings do not go on. */
  readonly began: Beginning | undefined;
  readonly receivedSpans: number;
}

function rows(status: TrainerStatus): Array<[string, string]> {
  const { held, training, lastModel, config } = status;
  const number = (value: number) => value.toLocaleString('en-US');
  return [
    ['state', status.state],
    ['send traces to', `${status.address}/v1/traces`],
    ['received', `${number(status.receivedSpans)} spans`],
    ['under assembly', `${number(held.openTraces)} traces, ${number(held.openSpans)} spans`],
    [
      'open batch',
      `${number(held.batchTraces)} of ${number(config.batchTraces)} traces, ${number(held.batchSpans)} spans`,
    ],
    ['waiting for training', `${held.queuedBatches} of ${config.queue} batches`],
    [
      'training',
      training === undefined
        ? 'nothing'
        : `batch ${training.batch}, ${number(training.traces)} traces: ${training.step} ${training.done}/${training.total} ${training.note}`.trim(),
    ],
    ['published', `${status.published} models${status.failed > 0 ? `, ${status.failed} batches failed` : ''}`],
    [
      'last model',
      lastModel === undefined
        ? 'none yet'
        : `${lastModel.id}, ${number(lastModel.bytes)} bytes for ${number(lastModel.traces)} traces`,
    ],
    [
      'rolling',
      config.rolling
        ? `on: ${status.began === undefined ? 'no model yet' : `the last model ${beginningText(status.began)}`}`
        : 'off: every model begins anew',
    ],
    ['store', config.store],
  ];
}

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The status as plain text. */
export function statusText(status: TrainerStatus): string {
  const lines = rows(status).map(([name, value]) => `${name.padEnd(22)}${value}`);
  return [`GenT trainer ${gentVersion()}`, '', ...lines, '', 'More: /metrics, /healthz', ''].join('\n');
}

/** The status as HTML that reloads itself. */
export function statusHtml(status: TrainerStatus): string {
  const body = rows(status)
    .map(([name, value]) => `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<title>GenT trainer</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:46rem;padding:0 1rem}
th{text-align:left;font-weight:600;padding:.2rem 2rem .2rem 0;vertical-align:top;white-space:nowrap}</style>
</head>
<body>
<h1>GenT trainer ${escape(gentVersion())}</h1>
<table>
${body}
</table>
<p><a href="/metrics">Metrics</a> · <a href="/healthz">Health</a></p>
</body>
</html>
`;
}
