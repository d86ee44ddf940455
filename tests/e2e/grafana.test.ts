/** @file GenT in a real Grafana, driven by a browser: what a person sees, and what Grafana's server does without one. */
import { describeInGrafana } from './requirements';
import { prepare, type Setting } from './setting';
import { alertingSuite } from './suites/alerting';
import { dashboardsSuite } from './suites/dashboards';
import { exploreSuite } from './suites/explore';
import { modelsSuite } from './suites/models';
import { searchSuite } from './suites/search';
import { settingsSuite } from './suites/settings';
import { sharingSuite } from './suites/sharing';
import { stressSuite } from './suites/stress';
import { tempoSuite } from './suites/tempo';

/** Training, building and starting, on a machine that does other things too. */
const PREPARE_MS = 300_000;

describeInGrafana('GenT in Grafana', () => {
  let setting: Setting | undefined;
  /** One Grafana for all suites: starting it, and training, takes most of a minute. */
  const at = (): Setting => {
    if (setting === undefined) {
      throw new Error('Grafana did not start');
    }
    return setting;
  };
  beforeAll(async () => {
    setting = await prepare();
  }, PREPARE_MS);
  afterAll(async () => setting?.stop());
  afterEach(() => {
    expect(setting?.pageErrors.splice(0)).toEqual([]);
  });

  describe('settings', () => settingsSuite(at));
  describe('search', () => searchSuite(at));
  describe('explore', () => exploreSuite(at));
  describe('models and services', () => modelsSuite(at));
  describe('dashboards', () => dashboardsSuite(at));
  describe('alerting', () => alertingSuite(at));
  describe('links, sharing and other data sources', () => sharingSuite(at));
  describe("Grafana's Tempo data source over gent serve", () => tempoSuite(at));
  // Last: it kills and restarts what the others use.
  describe('under stress', () => stressSuite(at));
});
