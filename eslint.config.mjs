import { defineConfig } from 'eslint/config';
import baseConfig from './.config/eslint.config.mjs';

export default defineConfig([
  {
    ignores: ['**/node_modules/', 'dist/', 'build/', 'coverage/', 'artifacts/', '.config/', 'pkg/proto/gen/'],
  },
  ...baseConfig,
  {
    files: ['pkg/**/*.ts', 'tests/**/*.ts', 'src/**/*.{ts,tsx}'],
    rules: {
      'no-console': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // A room is entered through its door: pkg/<room>, never pkg/<room>/<file> from another room. What tests build is no
    // part of the product and has no door.
    files: ['pkg/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ regex: '^\\.\\./[a-z]+/(?!test-)[^/]+', message: 'Import another room through its index.ts.' }],
        },
      ],
    },
  },
]);
