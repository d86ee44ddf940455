// Runs a Grafana until it is told to stop: node run-grafana.mjs DIRECTORY STORE PLUGINS. Prints its address as JSON.
import { findGrafana, startGrafana } from '../../scripts/grafana.mjs';

const [dir, store, plugins] = process.argv.slice(2);
// So few that some questions are estimated although the models are small.
const settings = { limit_query_estimate_spans: '3000' };
const options = { ...findGrafana(), dir, store, plugins, settings };
let grafana = await startGrafana(options);
const tell = () => process.stdout.write(`${JSON.stringify({ url: grafana.url, log: grafana.log })}\n`);
process.once('SIGTERM', () => void grafana.stop().then(() => process.exit(0)));
// Starts Grafana again where it was.
process.on('SIGHUP', async () => {
  const { port } = grafana;
  await grafana.stop();
  grafana = await startGrafana({ ...options, port });
  tell();
});
tell();
