/** @file Colours for a terminal, and only for one: what goes to a file or a pipe stays plain text. */
import { createColors } from 'picocolors';

const { env, stdout } = process;

/** picocolors by itself also colours pipes where the variable CI is set. */
export default createColors(Boolean(env.FORCE_COLOR || (stdout.isTTY && !env.NO_COLOR && env.TERM !== 'dumb')));
