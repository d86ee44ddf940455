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

/** How many letters must change to make one word the other, at most a third of them (rounded up); undefined where it is more. */
function distance(a: string, b: string): number | undefined {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  const most = Math.ceil(a.length / 3);
  const found = row[b.length] ?? Infinity;
  return found <= most ? found : undefined;
}

/** `; did you mean …?` where one of these words is close. */
function suggestion(word: string, known: readonly string[], prefix = ''): string {
  const close = known
    .map((name) => ({ name, off: distance(word, name) }))
    .filter(({ off }) => off !== undefined)
    .sort((a, b) => (a.off ?? 0) - (b.off ?? 0));
  return close[0] === undefined ? '' : `; did you mean ${prefix}${close[0].name}?`;
}

/** What Node says of wrong options, in one line and with the option that was probably meant. */
function optionProblem(command: Command, args: readonly string[], error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  const [quoted] = /--?[\w-]+/.exec(message ?? '') ?? [];
  const name = quoted?.replace(/^--?/, '') ?? '';
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    return `there is no option ${quoted}${suggestion(name, Object.keys(command.options), '--')}`;
  }
  const option = command.options[name];
  if (code !== 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' || option === undefined) {
    return message ?? String(error);
  }
  if (option.type === 'boolean') {
    return `--${name} takes no value`;
  }
  const value = args[args.indexOf(`--${name}`) + 1];
  return value?.startsWith('-') === true
    ? `--${name} lacks its value; one that begins with a dash is written --${name}=${value}`
    : `--${name} lacks its value`;
}

/** @throws GentError USAGE where more words stand beside the options than the command takes */
function checkPositionals(command: Command, positionals: readonly string[]): void {
  const extra = positionals[command.positionals ?? 0];
  if (extra !== undefined) {
    throw new GentError('USAGE', `'${extra}' is one word too many`);
  }
}

async function loadCommand(name: string): Promise<Command> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    const close = suggestion(name, Object.keys(commands));
    throw new GentError('USAGE', `there is no command '${name}'${close}`);
  }
  return load();
}

async function runCommand(command: Command, args: string[], io: CommandIo): Promise<void> {
  let parsed;
  try {
    parsed = parseArgs({ args, options: command.options, allowPositionals: true });
  } catch (error) {
    throw new GentError('USAGE', optionProblem(command, args, error), { cause: error });
  }
  checkPositionals(command, parsed.positionals);
  await command.run(parsed.values as never, parsed.positionals, io);
}

async function dispatch(argv: string[], io: CommandIo): Promise<void> {
  const [name, ...rest] = argv;
  if (name === '--version') {
    io.stdout.write(`${gentVersion()}\n`);
    return;
  }
  const general = name === undefined || name === '--help' || name === '-h' || name === 'help';
  if (general && rest[0] === undefined) {
    io.stdout.write(await help());
    return;
  }
  const command = await loadCommand((general ? rest[0] : name) as string);
  if (general || rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(commandHelp(command));
    return;
  }
  try {
    await runCommand(command, rest, io);
  } catch (thrown) {
    const error = asGentError(thrown);
    throw error.code === 'USAGE' ? new UsageError(command.name, error) : error;
  }
}

/** Wrong usage of a command: its own help says more than the list of all commands. */
class UsageError extends GentError {
  constructor(
    private readonly command: string,
    error: GentError
  ) {
    super('USAGE', error.message.replace(`${command}: `, ''), { cause: error });
  }

  override toLine(): string {
    return `USAGE: ${this.command}: ${this.message}; run \`gent ${this.command} --help\` for its options`;
  }
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
