/** @file What a subcommand of `gent` is. One file a command in commands/, listed in registry.ts. */
import type { ParseArgsConfig } from 'node:util';

/** Options as node:util parseArgs takes them, with a word on what each is for. */
export type CommandOptions = Record<
  string,
  NonNullable<ParseArgsConfig['options']>[string] & { help: string; value?: string }
>;

export type OptionValues = Record<string, string | boolean | Array<string | boolean> | undefined>;

/** Where a command writes. Tests pass their own. */
export interface CommandIo {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WriteStream;
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** One line for `gent --help`. */
  readonly summary: string;
  /** Usage lines, without the leading `gent`. */
  readonly usage: string;
  readonly options: CommandOptions;
  /** How many words may stand beside the options; 0 when left out. */
  readonly positionals?: number;
  /** Runs it. Throws GentError; USAGE exits 2, anything else 1. */
  run(values: OptionValues, positionals: string[], io: CommandIo): Promise<void>;
}
