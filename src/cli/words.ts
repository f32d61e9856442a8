/**
 * Reads command lines that can mean one thing only, as yargs does. Yargs takes 80 ms of CPU time to load, a tenth of a
 * short replay, so it is left to help, errors, and words whose meaning it decides.
 */
import { DEFAULT_COMMAND } from './asked.js';
import type { CommandEntry } from './command.js';
import { optionsOf } from './options/table.js';
import type { Parsed } from './read.js';

export interface PlainWords {
  readonly entry: CommandEntry;
  readonly parsed: Parsed;
}

const OPTION = /^--([a-z][a-z0-9-]*)(?:=(.+))?$/s;

/** True for a text that yargs takes for a value as it is: no other option, no quotes to remove. */
const isPlain = (text: string | undefined): text is string =>
  text !== undefined && text !== '' && !/^[-'"]/.test(text);

/** Undefined if yargs must read it. */
export function plainWords(
  argv: readonly string[],
  commands: readonly CommandEntry[],
): PlainWords | undefined {
  const [first] = argv;
  if (first === undefined) return undefined;
  const isNamed = !first.startsWith('-');
  const entry = commands.find(({ name }) => name === (isNamed ? first : DEFAULT_COMMAND));
  if (entry === undefined || (isNamed && first === DEFAULT_COMMAND)) return undefined;
  const rows = optionsOf(entry.name);
  const positionals = rows.filter(({ kind }) => kind === 'positional');
  const parsed: Record<string, unknown> = {};
  for (const words = argv.slice(isNamed ? 1 : 0); words.length > 0;) {
    const word = words.shift()!;
    const [, name, attached] = OPTION.exec(word) ?? [];
    const row = name === undefined ? positionals.shift() : rows.find((one) => one.name === name);
    if (row === undefined) return undefined;
    const before = parsed[row.name];
    if (before !== undefined && row.kind !== 'repeated') return undefined;
    if (row.kind === 'flag') {
      if (attached !== undefined || ['true', 'false'].includes(words[0])) return undefined;
      parsed[row.name] = true;
    } else if ((row.kind === 'positional') === (name === undefined) && row.kind !== 'words') {
      const text = name === undefined ? word : (attached ?? words.shift());
      if (!isPlain(text)) return undefined;
      if (row.kind !== 'repeated') parsed[row.name] = text;
      else parsed[row.name] = [...((before ?? []) as readonly string[]), text];
    } else return undefined;
  }
  if (positionals.some((row) => row.default === undefined)) return undefined;
  return { entry, parsed };
}
