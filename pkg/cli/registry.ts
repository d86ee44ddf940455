/** @file The list of subcommands. Loaded lazily, so that `gent --help` starts fast. */
import type { Command } from './command';

/** Name → loads the command. Order is the order of `gent --help`. */
export const commands: Record<string, () => Promise<Command>> = {
  demo: async () => (await import('./commands/demo')).default,
  trainer: async () => (await import('./commands/trainer')).default,
};
