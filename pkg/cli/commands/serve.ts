/** @file `gent serve`: Tempo's HTTP API over models or real traces. */
import { once } from 'node:events';
import { asGentError, textLogger } from '../../common';
import type { TracesEngine } from '../../query';
import { listenTempo, tempoServer, tokenFileAccess } from '../../tempo';
import type { Command, CommandIo } from '../command';
import { ENGINE_OPTIONS, openEngine } from '../engine';
import { counted } from '../format';
import { textOption } from '../options';

/** Says what there is to ask: an empty or misspelt store answers every question with nothing. */
async function sayWhatIsServed(engine: TracesEngine, io: CommandIo): Promise<void> {
  try {
    const { kind, location, models } = await engine.describe();
    if (kind === 'models') {
      const none = models.length === 0 ? ' yet; what is published there later is served' : '';
      io.stdout.write(`${location} holds ${counted(models.length, 'model')}${none}\n`);
    }
  } catch (error) {
    io.stderr.write(`gent: ${asGentError(error).toLine()}\n`);
  }
}

const serve: Command = {
  name: 'serve',
  summary: "answers Tempo's HTTP API, for Grafana's Tempo data source and Traces Drilldown",
  usage: 'serve --store DIR|--traces FILE [--listen 127.0.0.1:3200] [--token-file FILE]',
  options: {
    ...ENGINE_OPTIONS,
    listen: { type: 'string', value: 'HOST:PORT', help: 'where to listen', default: '127.0.0.1:3200' },
    'token-file': { type: 'string', value: 'FILE', help: 'answers only who sends a token of it: one a line' },
  },
  async run(values, _, io) {
    const logger = textLogger('info', io.stderr);
    const tokens = textOption(values, 'token-file');
    const access = tokens === undefined ? {} : { access: tokenFileAccess(tokens) };
    const engine = await openEngine(values, io, logger);
    const server = tempoServer(engine, { logger, ...access });
    try {
      const url = await listenTempo(server, textOption(values, 'listen') ?? '127.0.0.1:3200');
      io.stdout.write(`gent serve listens on ${url}\n`);
      await sayWhatIsServed(engine, io);
      if (!io.signal.aborted) {
        await once(io.signal, 'abort');
      }
    } finally {
      await server.close();
      await engine.close();
    }
  },
};

export default serve;
