import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEFAULT_TRAINER_CONFIG, parseDuration, parseListen, trainerConfig } from './config';

const directory = mkdtempSync(path.join(tmpdir(), 'gent-config-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = (document: unknown): string => {
  const name = path.join(
    directory,
    `${Math.abs(Buffer.from(JSON.stringify(document)).reduce((h, b) => (h * 31 + b) | 0, 7))}.json`
  );
  writeFileSync(name, typeof document === 'string' ? document : JSON.stringify(document));
  return name;
};

describe('trainerConfig', () => {
  it('is the defaults when nothing is set', () => {
    expect(trainerConfig({}, undefined, {})).toEqual(DEFAULT_TRAINER_CONFIG);
  });

  it('takes flags before the environment before the file before the defaults', () => {
    const settings = file({ batchAge: '1m', idle: 5, queue: 3, 'batch-traces': '77' });
    const environment = { GENT_TRAINER_BATCH_AGE: '2m', GENT_TRAINER_IDLE: '6s', GENT_TRAINER_STORE: '' };
    expect(trainerConfig({ 'batch-age': '3m', idle: undefined }, settings, environment)).toEqual({
      ...DEFAULT_TRAINER_CONFIG,
      batchAgeMs: 180_000,
      idleMs: 6000,
      queue: 3,
      batchTraces: 77,
    });
  });

  it('reads switches and lists, in the file as JSON has them too', () => {
    const rolling = { rolling: true, dropAttributes: ['enduser.id', 'user.*'], hashAttributes: 'a, b' };
    const expected = { rolling: true, dropAttributes: ['enduser.id', 'user.*'], hashAttributes: ['a', 'b'] };
    expect(trainerConfig({}, file(rolling), {})).toEqual({ ...DEFAULT_TRAINER_CONFIG, ...expected });
    expect(trainerConfig({ rolling: 'off' }, undefined, { GENT_TRAINER_ROLLING: 'on' }).rolling).toBe(false);
  });

  it.each<[string, Record<string, string>, unknown, NodeJS.ProcessEnv, string]>([
    ['a flag', { 'batch-traces': '0' }, undefined, {}, '--batch-traces'],
    ['a flag without a number', { queue: 'many' }, undefined, {}, '--queue'],
    ['an address', { listen: '4318' }, undefined, {}, '--listen'],
    ['the environment', {}, undefined, { GENT_TRAINER_SEED: '-1' }, 'GENT_TRAINER_SEED'],
    ['a value of the file', {}, { epochs: 1.5 }, {}, 'epochs'],
    ['an unknown setting', {}, { batchTrace: 5 }, {}, "no setting 'batchTrace'; there are listen, store"],
    ['a switch', { rolling: 'maybe' }, undefined, {}, '--rolling'],
    ['an empty key', { 'drop-attributes': 'a,,b' }, undefined, {}, '--drop-attributes'],
    ['a switch that is a list', {}, { rolling: ['on'] }, {}, 'rolling must be'],
    ['a value of the wrong type', {}, { store: ['a'] }, {}, 'store must be'],
    ['no object', {}, [], {}, 'expected a JSON object'],
    ['no JSON', {}, '{', {}, 'JSON'],
  ])('refuses %s and names it', (_name, flags, document, environment, words) => {
    const read = () => trainerConfig(flags, document === undefined ? undefined : file(document), environment);
    expect(read).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(words) }));
  });

  it('says in words that a file is missing or a directory', () => {
    const none = path.join(directory, 'none.json');
    expect(() => trainerConfig({}, none, {})).toThrow(
      expect.objectContaining({ code: 'FILE_NOT_FOUND', message: `the settings of --config, ${none}, do not exist` })
    );
    const message = `the settings of --config, ${directory}, cannot be read: it is a directory`;
    expect(() => trainerConfig({}, directory, {})).toThrow(
      expect.objectContaining({ code: 'FILE_UNREADABLE', message })
    );
  });
});

it.each([
  ['10s', 10_000],
  ['10', 10_000],
  ['250ms', 250],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['0', 0],
])('parseDuration(%s) is %d ms', (text, expected) => {
  expect(parseDuration(text, 'x')).toBe(expected);
});

it.each([
  ['127.0.0.1:4318', { host: '127.0.0.1', port: 4318 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:4318', { host: '::1', port: 4318 }],
])('parseListen(%s)', (text, expected) => {
  expect(parseListen(text, 'x')).toEqual(expected);
});

it.each(['', ':1', 'a:b', 'a:70000', '::1:4318', '1:2:3'])('parseListen refuses %p', (text) => {
  expect(() => parseListen(text, 'x')).toThrow('x:');
});
