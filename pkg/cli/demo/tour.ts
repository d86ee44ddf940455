/** @file The tour: a shop's traces over OTLP to a trainer, a model, and questions to the model, told as it happens. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pico from 'picocolors';
import { GentError, makeLogger, terminalProgress, type Logger } from '../../common';
import { CYCLE_MINUTES, INCIDENTS, SERVICES, simulateShop, TraceSender, type SendReport } from '../../pandora';
import { modelEngine } from '../../query';
import { openStore, type StoredModel } from '../../store';
import type { Trace } from '../../trace';
import { DEFAULT_TRAINER_CONFIG, Trainer } from '../../trainer';
import type { CommandIo } from '../command';
import { bar, formatBytes, formatCount } from '../format';
import { SizeMeter } from './sizes';

export interface TourOptions {
  readonly traces: number;
  readonly seed: number;
  /** Where models are kept; `models` in it is emptied first. */
  readonly dir: string;
}

/** Runs `gent` with these arguments. */
export type RunGent = (argv: string[], io: CommandIo) => Promise<number>;

const USUAL_ADDRESS = '127.0.0.1:4318';
/** Says that the models of a directory are the tour's own to remove. */
const MARKER = '.gent-demo';
const STEPS = 4;
const POLL_MS = 250;

class Tour {
  private step = 0;
  private readonly store: string;
  private readonly colors: ReturnType<typeof pico.createColors>;

  constructor(
    private readonly options: TourOptions,
    private readonly io: CommandIo,
    private readonly gent: RunGent
  ) {
    this.store = path.join(options.dir, 'models');
    this.colors = pico.createColors((io.stdout as NodeJS.WriteStream).isTTY === true && pico.isColorSupported);
  }

  private say(text = ''): void {
    this.io.stdout.write(`${text}\n`);
  }

  private heading(text: string): void {
    this.step++;
    this.say();
    this.say(this.colors.bold(`${this.step}/${STEPS} ${text}`));
  }

  async run(): Promise<void> {
    const services = Object.keys(SERVICES).length;
    this.say(
      this.colors.bold(`GenT demo: ${formatCount(this.options.traces)} traces → one small model → traces again`)
    );
    this.emptyStore();

    this.heading('A trainer is started');
    const trainer = await this.startTrainer();
    try {
      this.say(`It receives OTLP/HTTP at ${trainer.address}/v1/traces and publishes models to ${this.store}`);
      this.say(`(status page: ${trainer.address}/).`);

      this.heading(`A shop of ${services} services sends half an hour of its traces`);
      this.say('It is a simulation in virtual time. What goes wrong in it, by minute:');
      for (const { from, to, what } of INCIDENTS) {
        const when = Math.ceil(to) - from > 1 ? `${from}–${to}` : `${from}`;
        this.say(`  ${when.padStart(5)}  ${what}`);
      }
      const { sent, sizes } = await this.send(trainer.address);
      this.say(
        `Sent ${formatCount(sent.traces)} traces, ${formatCount(sent.spans)} spans in ${sent.requests} requests` +
          (sent.retries > 0 ? `, ${sent.retries} of them again after the trainer asked to wait.` : '.')
      );

      this.heading('The trainer learns them');
      this.say(
        'What can be counted is kept exactly: every shape of a trace, and how many there were when. The rest (times,'
      );
      this.say('attributes) is learnt by a small neural network, in a worker while receiving could go on.');
      const model = await this.train(trainer);
      this.showSizes(model, sizes);
      await trainer.stop();
      this.heading('The model is asked');
      await this.ask(model);
    } finally {
      const stopped = trainer.stop();
      trainer.abort();
      await stopped;
    }
    this.whatNext();
  }

  /** Models of an earlier tour go; those of anybody else stay, with an error. */
  private emptyStore(): void {
    mkdirSync(this.store, { recursive: true });
    const marker = path.join(this.store, MARKER);
    const models = readdirSync(this.store).filter((name) => name.endsWith('.gent'));
    if (models.length > 0 && !existsSync(marker)) {
      throw new GentError('USAGE', `${this.store} holds models that are not the demo's; name another place with --dir`);
    }
    for (const name of models) {
      rmSync(path.join(this.store, name));
    }
    writeFileSync(marker, 'The models here are written and removed by `gent demo tour`.\n');
  }

  private async startTrainer(): Promise<Trainer> {
    const config = {
      ...DEFAULT_TRAINER_CONFIG,
      store: this.store,
      // The whole half hour is one batch, closed by its number; quiet closes it only where traces went missing, so a machine
      // that is held up while it sends does not make several models of it.
      batchTraces: this.options.traces,
      idleMs: 1500,
      batchQuietMs: 30_000,
    };
    const logger = this.warnings();
    try {
      return await Trainer.start({ config: { ...config, listen: USUAL_ADDRESS }, logger });
    } catch (error) {
      if (!(error instanceof GentError) || error.code !== 'TRAINER_LISTEN') {
        throw error;
      }
      this.say(`(Port 4318 is in use, so another one is taken.)`);
      return Trainer.start({ config: { ...config, listen: '127.0.0.1:0' }, logger });
    }
  }

  private warnings(): Logger {
    return makeLogger((level, message, fields) => {
      const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`);
      this.io.stderr.write(`trainer: ${level} ${message}${pairs.join('')}\n`);
    }, 'warn');
  }

  private async send(endpoint: string): Promise<{ sent: SendReport; sizes: { raw: number; gzipped: number } }> {
    const { traces, seed } = this.options;
    const meter = new SizeMeter();
    const progress = terminalProgress(this.io.stderr);
    progress.start('sending traces', traces);
    const sender = new TraceSender({
      endpoint,
      signal: this.io.signal,
      onProgress: (sent) => progress.update(sent.traces),
    });
    let held: Trace[] = [];
    for (const trace of simulateShop({ seed, count: traces })) {
      await meter.add(trace);
      held.push(trace);
      if (held.length === 100) {
        await sender.send(held);
        held = [];
      }
    }
    await sender.send(held);
    progress.stop();
    return { sent: sender.report, sizes: await meter.end() };
  }

  private async train(trainer: Trainer): Promise<StoredModel> {
    const progress = terminalProgress(this.io.stderr);
    const began = Date.now();
    let step = '';
    const store = await openStore(this.store, { refreshMs: 0 });
    for (;;) {
      if (this.io.signal.aborted) {
        throw new GentError('CANCELLED', 'the tour was interrupted');
      }
      const { published, failed, training } = trainer.status();
      if (failed > 0) {
        throw new GentError('TRAINER_TRAINING_FAILED', 'the batch gave no model; the message is above');
      }
      // Steps of unknown length are short: only those with a length are shown.
      if (training !== undefined && training.total > 0) {
        if (training.step !== step) {
          if (step !== '') {
            progress.stop();
          }
          step = training.step;
          progress.start(step, training.total);
        }
        progress.update(Math.min(training.done, training.total), training.note);
      }
      if (published > 0) {
        break;
      }
      await sleep(POLL_MS);
    }
    if (step !== '') {
      progress.stop();
    }
    const [model] = (await store.list()).models;
    await store.close();
    if (model === undefined) {
      throw new GentError('TRAINER_TRAINING_FAILED', `no model is in ${this.store}`);
    }
    this.say(`Published ${model.file} after ${Math.round((Date.now() - began) / 1000)} s.`);
    return model;
  }

  private showSizes(model: StoredModel, { raw, gzipped }: { raw: number; gzipped: number }): void {
    this.say();
    for (const [name, bytes] of [
      ['OTLP/JSON', raw],
      ['… gzip -9', gzipped],
      ['the model', model.bytes],
    ] as const) {
      const share = bytes === raw ? '' : `${((100 * bytes) / raw).toFixed(bytes / raw < 0.01 ? 2 : 1)}%`;
      // Even a sliver is drawn: the model is not nothing.
      const drawn = bar(Math.max(bytes / raw, 1 / 320), 40);
      this.say(
        `  ${name.padEnd(10)} ${formatBytes(bytes).padStart(10)}  ${share.padStart(6)}  ${this.colors.cyan(drawn)}`
      );
    }
    this.say(`  The model is ${formatCount(Math.round(gzipped / model.bytes))} times smaller than the gzipped traces.`);
  }

  private async ask(model: StoredModel): Promise<void> {
    this.say('What you see below was written by the model; the traces themselves are gone.');
    const from = isoSeconds(model.window.start);
    const to = isoSeconds(model.window.end + 1_000_000_000n);
    const range = ['--from', from, '--to', to];
    await this.show('Which requests failed?', [
      'query',
      '{ status = error && kind = server } | select(statusMessage)',
      '--store',
      this.store,
      '--limit',
      '8',
    ]);
    const traceId = await this.interestingTrace();
    if (traceId !== undefined) {
      await this.show('A checkout that failed, span by span:', ['trace', traceId, '--store', this.store]);
    }
    await this.show('Requests a second by service (exact: counts are kept):', [
      'query',
      '{ kind = server } | rate() by (resource.service.name)',
      '--store',
      this.store,
      ...range,
    ]);
    await this.show(`Failed spans a second (${incidentHint()}):`, [
      'query',
      '{ status = error } | rate() by (resource.service.name)',
      '--store',
      this.store,
      ...range,
    ]);
  }

  /** Prints a `gent` command as one would type it, and what it answers. */
  private async show(question: string, argv: string[]): Promise<void> {
    this.say();
    this.say(this.colors.bold(question));
    this.say(this.colors.dim(`$ npm run -s gent -- ${argv.map(quote).join(' ')}`));
    const code = await this.gent(argv, this.io);
    if (code !== 0) {
      throw new GentError('INTERNAL', `gent ${argv.join(' ')} ended with ${code}`);
    }
  }

  /** A checkout with a failed dependency, of a size that fits a screen. */
  private async interestingTrace(): Promise<string | undefined> {
    const store = await openStore(this.store);
    const engine = modelEngine(store);
    try {
      for (const query of [
        '{ name = "POST /checkout" && statusMessage = "Too many connections" } && { name = "UPDATE stock" && status = error }',
        '{ name = "POST /checkout" && status = error }',
        '{ status = error }',
        '{ }',
      ]) {
        const { traces } = await engine.search({ query, limit: 1, signal: this.io.signal });
        if (traces[0] !== undefined) {
          return traces[0].traceId;
        }
      }
      return undefined;
    } finally {
      await engine.close();
    }
  }

  private whatNext(): void {
    const gent = 'npm run -s gent --';
    this.say();
    this.say(this.colors.bold('Next'));
    for (const [what, command] of [
      ['look into the model', `${gent} inspect ${this.store}/*.gent`],
      ['ask your own question', `${gent} query --store ${this.store} '{ duration > 1s }'`],
      ['write all traces again', `${gent} generate --model ${this.store}/*.gent --out traces.ndjson.gz`],
      ['train on your own traces', `${gent} trainer --store my-models`],
    ] as const) {
      this.say(`  ${what.padEnd(26)} ${command}`);
    }
    this.say();
  }
}

function incidentHint(): string {
  const incident = INCIDENTS.find(({ name }) => name === 'stock-database');
  return incident === undefined
    ? ''
    : `the stock database failed in minutes ${incident.from}–${incident.to} of ${CYCLE_MINUTES}`;
}

function isoSeconds(nanos: bigint): string {
  return new Date(Number(nanos / 1_000_000n)).toISOString().replace(/\.\d+Z$/, 'Z');
}

function quote(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Takes the tour.
 * @throws GentError whatever fails on the way, after the trainer was stopped
 */
export function runTour(options: TourOptions, io: CommandIo, gent: RunGent): Promise<void> {
  return new Tour(options, io, gent).run();
}
