// Runs a Grafana until it is told to stop: node run-grafana.mjs DIRECTORY STORE PLUGINS. Prints its address as JSON.
import { findGrafana, startGrafana } from '../../scripts/grafana.mjs';

const [dir, store, plugins] = process.argv.slice(2);
// So few that some questions are estimated although the models are small.
const env = { GF_PLUGIN_GENT_TRACES_DATASOURCE_LIMIT_QUERY_ESTIMATE_SPANS: '3000' };
const grafana = await startGrafana({ ...findGrafana(), dir, store, plugins, env });
process.once('SIGTERM', () => void grafana.stop().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ url: grafana.url, log: grafana.log })}\n`);
