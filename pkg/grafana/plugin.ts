/** @file Runs the plugin process: handshake, server, and its end. */
import { asGentError, gentVersion, type Logger } from '../common';
import { checkHost, chooseAddress, handshakeLine, type ListenAddress } from './handshake';
import { hclogLogger } from './hclog';
import { type EngineFactory, Instances } from './instances';
import { boundCompiledCode, guardStdout, handleSignals, logFatalErrors, watchParent } from './lifecycle';
import { PluginMetrics } from './plugin-metrics';
import { buildServer, listen } from './server';

/** After this the process ends even if requests are still being answered; the host kills it after two seconds. */
const SHUTDOWN_MS = 1000;
const LIMIT_PREFIX = 'GF_PLUGIN_LIMIT_';

/**
 * `limit_query_spans = 1000` under `[plugin.<id>]` in grafana.ini reaches the plugin as GF_PLUGIN_LIMIT_QUERY_SPANS.
 * Grafana passes nothing else of its environment on.
 */
function limitsFromGrafana(env: NodeJS.ProcessEnv): void {
  for (const [key, value] of Object.entries(env)) {
    if (key.startsWith(LIMIT_PREFIX) && value !== undefined) {
      env[`GENT_LIMIT_${key.slice(LIMIT_PREFIX.length)}`] = value;
    }
  }
}

/**
 * Runs until the host says or shows that it is done. Nothing is written to stdout but the handshake.
 * @param openEngine - opens what a data source's settings name
 */
export async function runPlugin(openEngine: EngineFactory, log: Logger = hclogLogger()): Promise<void> {
  boundCompiledCode();
  const writeStdout = guardStdout(log);
  let address: ListenAddress | undefined;
  const end = (code: number): void => {
    address?.dispose();
    process.exit(code);
  };
  logFatalErrors(log, end);
  // A host that is gone no longer reads; there is nobody left to tell.
  process.stderr.on('error', () => end(1));
  try {
    checkHost(process.env);
  } catch (error) {
    process.stderr.write(`${asGentError(error).toLine()}\n`);
    end(1);
    return;
  }
  limitsFromGrafana(process.env);
  address = chooseAddress(process.env);

  const instances = new Instances(openEngine, log);
  let ending = false;
  const shutdown = (why: string) => (): void => {
    if (ending) {
      return;
    }
    ending = true;
    log.info('plugin ends', { why });
    const finish = () => end(0);
    setTimeout(finish, SHUTDOWN_MS).unref();
    server.tryShutdown(() => void instances.closeAll().finally(finish));
  };
  const metrics = new PluginMetrics(() => instances.size);
  const server = buildServer({ instances, metrics, log, shutdown: shutdown('the host asked for it') });
  const port = await listen(server, address.bind);
  watchParent(shutdown('the host has gone'));
  handleSignals(shutdown('SIGTERM'));
  writeStdout(handshakeLine(address, port));
  log.info('plugin started', { version: gentVersion(), node: process.version, network: address.network });
}
