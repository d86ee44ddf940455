/** @file `gent serve`: Tempo's HTTP API over models or real traces. */
import { once } from 'node:events';
import { textLogger } from '../../common';
import { listenTempo, tempoServer, tokenFileAccess } from '../../tempo';
import type { Command } from '../command';
import { ENGINE_OPTIONS, openEngine } from '../engine';
import { textOption } from '../options';

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
