// Three projects: what runs in Node (pkg), what runs in the browser (src), and what crosses rooms (tests).
process.env.TZ = 'UTC';
const base = require('./.config/jest.config');
const transform = { '^.+\\.m?(t|j)sx?$': base.transform['^.+\\.(t|j)sx?$'] };

module.exports = {
  reporters: ['default', '<rootDir>/scripts/jest-skips.cjs'],
  globalSetup: '<rootDir>/scripts/jest-global-setup.mjs',
  projects: [
    {
      ...base,
      displayName: 'src',
      transform,
      moduleNameMapper: {
        ...base.moduleNameMapper,
      },
      testMatch: ['<rootDir>/src/**/*.test.{ts,tsx}'],
      setupFilesAfterEnv: ['<rootDir>/jest-setup.js'],
    },
    {
      displayName: 'pkg',
      transform,
      testEnvironment: '<rootDir>/scripts/jest-node-environment.cjs',
      testMatch: ['<rootDir>/pkg/**/*.test.ts'],
    },
    {
      displayName: 'tests',
      transform,
      testEnvironment: '<rootDir>/scripts/jest-node-environment.cjs',
      testMatch: ['<rootDir>/tests/**/*.test.ts'],
    },
  ],
  testTimeout: 120000,
};
