/** @file `gent trainer`: the companion process that receives traces and publishes models. */
import { textLogger } from '../../common';
import { DEFAULT_TRAINER_CONFIG, Trainer, TRAINER_SETTINGS, trainerConfig, type TrainerConfig } from '../../trainer';
import type { Command, CommandIo, CommandOptions, OptionValues } from '../command';

const DEFAULTS: Record<string, string> = {
  listen: DEFAULT_TRAINER_CONFIG.listen,
  store: DEFAULT_TRAINER_CONFIG.store,
  idle: '10s',
  'batch-traces': String(DEFAULT_TRAINER_CONFIG.batchTraces),
  'batch-age': '10m',
  'batch-quiet': '0',
  queue: String(DEFAULT_TRAINER_CONFIG.queue),
  seed: String(DEFAULT_TRAINER_CONFIG.seed),
};

// No `default` here: a flag that was not given must not win over the file and the environment.
const options: CommandOptions = {
  config: { type: 'string', value: 'FILE', help: 'JSON file of settings, named as below in camelCase' },
  ...Object.fromEntries(
    TRAINER_SETTINGS.map(({ flag, value, help }) => [
      flag,
      { type: 'string' as const, value, help: DEFAULTS[flag] === undefined ? help : `${help} (${DEFAULTS[flag]})` },
    ])
  ),
  verbose: { type: 'boolean', help: 'log more' },
};

/** What a person needs to send the first trace. */
function banner(address: string, config: TrainerConfig): string {
  return `GenT trainer receives OTLP/HTTP at ${address}/v1/traces and publishes models to ${config.store}

Send traces from any OpenTelemetry SDK:
  export OTEL_EXPORTER_OTLP_ENDPOINT=${address}
  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
  export OTEL_TRACES_EXPORTER=otlp
or from a collector:
  exporters: { otlphttp/gent: { endpoint: "${address}" } }
or try it with the demo shop:
  gent demo traffic --endpoint ${address} --count 10000

A model is trained every ${config.batchTraces} traces or ${config.batchAgeMs / 1000} s. Status: ${address}/  Metrics: ${address}/metrics
Ctrl-C trains and publishes what is held, then ends; twice ends at once.
`;
}

async function run(values: OptionValues, _positionals: string[], io: CommandIo): Promise<void> {
  const { config: file, verbose, ...flags } = values;
  const config = trainerConfig(flags as Record<string, string | undefined>, file as string | undefined);
  const logger = textLogger(verbose === true ? 'debug' : 'info', io.stderr);
  const trainer = await Trainer.start({ config, logger });
  io.stdout.write(banner(trainer.address, config));
  if (trainer.grpcAddress !== '') {
    io.stdout.write(`OTLP/gRPC is received at ${trainer.grpcAddress}\n`);
  }
  if (!io.signal.aborted) {
    await new Promise((resolve) => io.signal.addEventListener('abort', resolve, { once: true }));
  }
  logger.info('stopping: what is held is trained and published first');
  await trainer.stop();
}

const command: Command = {
  name: 'trainer',
  summary: 'receive traces over OTLP, train models, publish them to a store',
  usage: 'trainer [--config FILE] [--store DIR] [--listen HOST:PORT] …',
  options,
  run,
};

export default command;
