/** @file `gent demo`: traffic of the demo shop, and the tour of the whole system. */
import { GentError, terminalProgress } from '../../common';
import { DEFAULT_TRACES, sendLive, simulateShop, TraceSender } from '../../pandora';
import { choiceOption } from '../options';
import { runCli } from '../run';
import type { Command, CommandIo, OptionValues } from '../command';

const LIVE_TRACES_A_SECOND = 5;

function count(values: OptionValues, name: string, fallback: number | undefined): number | undefined {
  const text = values[name];
  if (text === undefined) {
    return fallback;
  }
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) {
    throw new GentError('USAGE', `--${name}: '${String(text)}' is no positive number`);
  }
  return value;
}

/** Says that sending is tried again when that begins, and once more for each other reason; not for every try. */
function sayRetries(io: CommandIo, endpoint: string): (problem: string, untilMs: number) => void {
  let said = '';
  return (problem, untilMs) => {
    if (problem !== said) {
      said = problem;
      const seconds = Math.ceil((untilMs - Date.now()) / 1000);
      const long = Number.isFinite(seconds) ? ` for up to ${seconds} s` : '';
      io.stderr.write(`${endpoint}: ${problem}; trying again${long}. Ctrl-C ends it.\n`);
    }
  };
}

async function traffic(values: OptionValues, io: CommandIo): Promise<void> {
  const rate = choiceOption(values, 'rate', ['max', 'live']) ?? 'max';
  const endpoint = String(values.endpoint ?? 'http://127.0.0.1:4318');
  if (rate === 'live') {
    const onRetry = sayRetries(io, endpoint);
    const sender = new TraceSender({ endpoint, signal: io.signal, patienceMs: Number.POSITIVE_INFINITY, onRetry });
    io.stderr.write(`The demo shop sends its traces to ${endpoint} as they happen. Ctrl-C ends it.\n`);
    const most = count(values, 'count', undefined);
    await sendLive(sender, {
      // Another run is another day: the same seed would repeat its trace ids.
      seed: count(values, 'seed', undefined) ?? Date.now() % 2 ** 32,
      rate: count(values, 'per-second', LIVE_TRACES_A_SECOND) as number,
      signal: io.signal,
      ...(most === undefined ? {} : { count: most }),
    });
    return;
  }
  const total = count(values, 'count', DEFAULT_TRACES) as number;
  const progress = terminalProgress(io.stderr);
  progress.start('sending traces', total);
  const sender = new TraceSender({
    endpoint,
    signal: io.signal,
    onRetry: sayRetries(io, endpoint),
    onProgress: (sent) => progress.update(sent.traces),
  });
  const { traces, spans, requests, bytes, retries } = await sender.sendAll(
    simulateShop({ seed: count(values, 'seed', 1) as number, count: total })
  );
  progress.stop();
  const kilobytes = Math.round(bytes / 1000).toLocaleString('en-US');
  io.stdout.write(
    `sent ${traces} traces, ${spans} spans in ${requests} requests, ${kilobytes} kB gzipped, ${retries} retries\n`
  );
}

const command: Command = {
  name: 'demo',
  summary: 'send the traces of a demo shop; take a tour of the whole system',
  usage: 'demo traffic [--endpoint URL] [--count N] [--rate max|live]\ndemo tour [--traces N] [--dir DIR]',
  options: {
    endpoint: { type: 'string', value: 'URL', help: 'where to send (default http://127.0.0.1:4318)' },
    count: { type: 'string', value: 'N', help: `traces to send (default ${DEFAULT_TRACES}; no end with --rate live)` },
    rate: { type: 'string', value: 'max|live', help: 'as fast as they are taken, or as they happen (default max)' },
    'per-second': {
      type: 'string',
      value: 'N',
      help: `traces a second with --rate live (default ${LIVE_TRACES_A_SECOND})`,
    },
    seed: { type: 'string', value: 'N', help: 'seed of the simulation (default 1; live: the clock)' },
    traces: { type: 'string', value: 'N', help: `traces of the tour (default ${DEFAULT_TRACES})` },
    dir: { type: 'string', value: 'DIR', help: 'where the tour keeps its models (default .gent/demo)' },
  },
  positionals: 1,
  async run(values, positionals, io) {
    const [action] = positionals;
    if (action === 'traffic') {
      return traffic(values, io);
    }
    if (action === 'tour') {
      const traces = count(values, 'traces', DEFAULT_TRACES) as number;
      // Loaded when needed: traffic starts without the engine.
      const { runTour } = await import('../demo');
      const options = { traces, seed: count(values, 'seed', 1) as number, dir: String(values.dir ?? '.gent/demo') };
      return runTour(options, io, runCli);
    }
    throw new GentError('USAGE', 'demo: say traffic or tour');
  },
};

export default command;
