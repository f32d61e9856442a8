/** Parses argv to one checked command, to text, or to one error sentence. Opens and connects nothing. */
import { answerOf, type Asked } from './asked.js';
import type { CommandEntry } from './command.js';
import { OPTIONS } from './options/table.js';
import { usage } from './values.js';
import { plainWords } from './words.js';

/** Throws EngineError USAGE for a flag with a value, which yargs would read as false. */
function checkFlags(argv: readonly string[]): void {
  const flags = new Set(OPTIONS.filter(({ kind }) => kind === 'flag').map(({ name }) => name));
  const valued = argv.find((word) => flags.has(/^--([^=]+)=/.exec(word)?.[1] ?? ''));
  if (valued !== undefined) throw usage(`${valued.split('=')[0]} takes no value.`);
}

/**
 * Parses the words after `tickshard` by the registry `commands` and loads modules that may be meant. `version` is
 * printed on request, help `columns` wide. Throws EngineError USAGE with one sentence.
 */
export async function parse(
  argv: readonly string[],
  commands: readonly CommandEntry[],
  { version, columns = 120 }: { readonly version: string; readonly columns?: number },
): Promise<Asked> {
  checkFlags(argv);
  const plain = plainWords(argv, commands);
  if (plain !== undefined) {
    const { entry, parsed } = plain;
    return answerOf(entry.name, await entry.load(), parsed, columns);
  }
  return (await import('./by-yargs.js')).parseByYargs(argv, commands, { version, columns });
}
