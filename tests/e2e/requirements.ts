/** @file What the tests in a real Grafana need, and the reason why they are skipped where it is missing. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const CHROMIUMS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser's executable: CHROMIUM of the environment, else the first of the usual places. */
export function findChromium(): string | undefined {
  const candidates = process.env.CHROMIUM === undefined ? CHROMIUMS : [process.env.CHROMIUM];
  return candidates.find((file) => existsSync(file));
}

function missing(): string | undefined {
  const home = process.env.GRAFANA_HOME;
  if (!home) {
    return 'GRAFANA_HOME is not set';
  }
  if (!existsSync(path.join(home, 'bin/grafana'))) {
    return 'GRAFANA_HOME has no bin/grafana';
  }
  return findChromium() === undefined ? 'no Chromium was found; CHROMIUM may name one' : undefined;
}

/** `describe` where Grafana and a browser are at hand; else the tests are skipped and the title says why. */
export function describeInGrafana(title: string, tests: () => void): void {
  const reason = missing();
  if (reason === undefined) {
    describe(title, tests);
  } else {
    describe.skip(`${title} (skipped: ${reason})`, tests);
  }
}
