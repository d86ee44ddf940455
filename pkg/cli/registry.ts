/** @file The list of subcommands. Loaded lazily, so that `gent --help` starts fast. */
import type { Command } from './command';

/** Name → loads the command. Order is the order of `gent --help`. */
export const commands: Record<string, () => Promise<Command>> = {
  train: async () => (await import('./commands/train')).default,
  generate: async () => (await import('./commands/generate')).default,
  evaluate: async () => (await import('./commands/evaluate')).default,
  inspect: async () => (await import('./commands/inspect')).default,
  query: async () => (await import('./commands/query')).default,
  trace: async () => (await import('./commands/trace')).default,
  serve: async () => (await import('./commands/serve')).default,
  jaeger: async () => (await import('./commands/jaeger')).default,
  pandora: async () => (await import('./commands/pandora')).default,
  demo: async () => (await import('./commands/demo')).default,
  trainer: async () => (await import('./commands/trainer')).default,
};
