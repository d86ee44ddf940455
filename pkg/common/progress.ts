/** @file Progress of long work: a bar on a terminal, plain lines elsewhere, nothing when silent. */
import { SingleBar } from 'cli-progress';

/** Told about the progress of one piece of work. */
export interface Progress {
  /** Begins a step; `total` in units of the step (0 = not known). */
  start(step: string, total: number): void;
  /** Sets how much of the step is done; `note` is a short text such as a loss. */
  update(done: number, note?: string): void;
  /** Ends the step. */
  stop(note?: string): void;
}

/** Says nothing. */
export const silentProgress: Progress = { start: () => undefined, update: () => undefined, stop: () => undefined };

const PLAIN_LINE_EVERY_MS = 5000;

function barProgress(stream: NodeJS.WritableStream): Progress {
  let bar: SingleBar | undefined;
  return {
    start(step, total) {
      bar = new SingleBar({
        format: `${step.padEnd(22)} {bar} {percentage}% {value}/{total} {note}`,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        hideCursor: true,
        barsize: 30,
        stream,
      });
      bar.start(Math.max(1, total), 0, { note: '' });
    },
    update(done, note) {
      bar?.update(done, note === undefined ? {} : { note });
    },
    stop(note) {
      if (note !== undefined) {
        bar?.update({ note });
      }
      bar?.update(bar.getTotal());
      bar?.stop();
      bar = undefined;
    },
  };
}

function lineProgress(stream: NodeJS.WritableStream): Progress {
  let name = '';
  let size = 0;
  let last = 0;
  return {
    start(step, total) {
      name = step;
      size = total;
      last = Date.now();
      stream.write(`${step} …\n`);
    },
    update(done, note) {
      if (Date.now() - last >= PLAIN_LINE_EVERY_MS) {
        last = Date.now();
        stream.write(`${name}: ${done}${size > 0 ? `/${size}` : ''}${note ? ` ${note}` : ''}\n`);
      }
    },
    stop(note) {
      stream.write(`${name}: done${note ? ` (${note})` : ''}\n`);
    },
  };
}

/** A bar where `stream` is a terminal, a plain line every few seconds elsewhere. */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? barProgress(stream) : lineProgress(stream);
}
