/** @file The plugin's own backend, which collects garbage and logs what is left of its heap whenever it gets SIGUSR2. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openEngine, runPlugin } from '../../pkg/grafana';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  // What finalizers let go of is collected by the second round.
  collect();
  setImmediate(() => {
    collect();
    const { heapUsed, external, rss } = process.memoryUsage();
    const code = getHeapSpaceStatistics().find((space) => space.space_name === 'code_space')?.space_used_size ?? 0;
    const line = { '@level': 'info', '@message': 'heap', used: heapUsed + external, buffers: external, code, rss };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  });
});

void runPlugin(openEngine);
