/** @file Parses the command line, runs a subcommand, and prints errors the way every command does. */
import { parseArgs } from 'node:util';
import { asGentError, gentVersion, GentError } from '../common';
import type { Command, CommandIo } from './command';
import { commands } from './registry';

async function help(): Promise<string> {
  const lines = ['gent: keeps a generative model of traces and writes the traces again', '', 'Commands:'];
  for (const load of Object.values(commands)) {
    const command = await load();
    lines.push(`  ${command.name.padEnd(10)} ${command.summary}`);
  }
  lines.push('', 'gent COMMAND --help describes one; gent --version prints the version.');
  return `${lines.join('\n')}\n`;
}

function commandHelp(command: Command): string {
  const lines = [command.summary, '', ...command.usage.split('\n').map((line) => `  gent ${line}`), '', 'Options:'];
  for (const [name, option] of Object.entries(command.options)) {
    const flag = `--${name}${option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : ''}`;
    const fallback = option.default === undefined ? '' : ` (default ${String(option.default)})`;
    lines.push(`  ${flag.padEnd(24)} ${option.help}${fallback}`);
  }
  return `${lines.join('\n')}\n`;
}

async function dispatch(argv: string[], io: CommandIo): Promise<void> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout.write(await help());
    return;
  }
  if (name === '--version') {
    io.stdout.write(`${gentVersion()}\n`);
    return;
  }
  const load = commands[name];
  if (load === undefined) {
    throw new GentError('USAGE', `there is no command '${name}'`);
  }
  const command = await load();
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(commandHelp(command));
    return;
  }
  let parsed;
  try {
    parsed = parseArgs({ args: rest, options: command.options, allowPositionals: true });
  } catch (error) {
    throw new GentError('USAGE', `${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  await command.run(parsed.values as never, parsed.positionals, io);
}

/**
 * Runs `gent` with these arguments (without node and the script).
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage
 */
export async function runCli(argv: string[], io: CommandIo): Promise<number> {
  try {
    await dispatch(argv, io);
    return 0;
  } catch (thrown) {
    const error = asGentError(thrown);
    io.stderr.write(`gent: ${error.toLine()}\n`);
    if (error.code === 'INTERNAL' && error.cause instanceof Error && process.env.GENT_DEBUG) {
      io.stderr.write(`${error.cause.stack ?? ''}\n`);
    }
    return error.code === 'USAGE' ? 2 : 1;
  }
}
