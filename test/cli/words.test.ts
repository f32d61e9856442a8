/** Command lines that are read without yargs mean what yargs takes them for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOf } from '../../src/cli/asked.js';
import { parseByYargs } from '../../src/cli/by-yargs.js';
import type { AnyCommand, CommandEntry } from '../../src/cli/command.js';
import { OPTIONS } from '../../src/cli/options/table.js';
import { plainWords } from '../../src/cli/words.js';
import { COMMANDS } from '../../src/commands/registry.js';
import { runsOf, seedsOf } from '../volume.js';

/** Whose options are read, and not checked against each other. */
const command = {
  exitCodes: {},
  check: (values: unknown) => values,
  run: () => 0,
} as unknown as AnyCommand;
const commands = COMMANDS.map((entry): CommandEntry => ({ ...entry, load: () => Promise.resolve(command) }));

const answer = async (read: () => unknown): Promise<unknown> => {
  try {
    const { kind, name, options } = (await read()) as Record<string, unknown>;
    return { kind, name, options };
  } catch (error) {
    return (error as Error).message;
  }
};
const byYargs = (argv: readonly string[]): Promise<unknown> =>
  answer(() => parseByYargs(argv, commands, { version: '1.2.3', columns: 100 }));
const byWords = (argv: readonly string[]): Promise<unknown> | undefined => {
  const plain = plainWords(argv, commands);
  return plain && answer(() => answerOf(plain.entry.name, command, plain.parsed, 100));
};

const VALUES = [
  '1',
  '3',
  'a',
  'sim',
  'max',
  'RELIANCE,TCS',
  'drop:at=20',
  'true',
  'false',
  '0x10',
  '1e3',
  '007',
];
const ODD = [
  '-5',
  '',
  '"a"',
  "'b",
  '--',
  '-x',
  '--no-json',
  '--help',
  'replay',
  'é',
  'a b',
  'a=b',
  '[1]',
  'null',
];

describe('a command line', () => {
  it.each([
    ['--ws-test-mode --stage 1 --duration=3 --feed sim --speed max', 'run'],
    ['replay data/test/journal/RUN --shards 2 --json', 'replay'],
    ['shadow --until-close --fault drop:at=20 --fault late --symbols A,B', 'shadow'],
  ])('of options, values and words is read without yargs: %s', async (line, name) => {
    const argv = line.split(' ');
    expect(plainWords(argv, commands)?.entry.name).toBe(name);
    expect(await byWords(argv)).toEqual(await byYargs(argv));
  });

  it.each([
    '',
    '--help',
    'replay --help',
    'run --stage 1',
    'nothing',
    'replay RUN RUN',
    'replay --json true',
    'replay --json false',
    'replay RUN --no-json',
    'replay RUN -- --json',
    'replay RUN --shards',
    'replay RUN --shards -5',
    'replay RUN --shards "2"',
    'replay RUN --shards=',
    'replay RUN --shards 2 --shards 2',
    'replay RUN --outDir x',
    'replay',
  ])('is left to yargs if that decides what it means: %s', (line) => {
    expect(plainWords(line === '' ? [] : line.split(' '), commands)).toBeUndefined();
  });

  it.each(seedsOf(20261130))('means the same with and without yargs (seed %i)', async (seed) => {
    const rowsOf = (name: string) => OPTIONS.filter((row) => row.commands.includes(name));
    const names = COMMANDS.map(({ name }) => name).filter((name) =>
      rowsOf(name).some(({ kind }) => kind !== 'flag'),
    );
    let plain = 0;
    const lines = fc.constantFrom(...names).chain((name) => {
      const own = rowsOf(name);
      const word = fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...own.map((row) => `--${row.name}`)) },
        { weight: 5, arbitrary: fc.constantFrom(...VALUES) },
        { weight: 1, arbitrary: fc.constantFrom(...ODD) },
        {
          weight: 2,
          arbitrary: fc
            .tuple(fc.constantFrom(...own), fc.constantFrom(...VALUES, ...ODD))
            .filter(([row]) => row.kind !== 'flag')
            .map(([row, value]) => `--${row.name}=${value}`),
        },
      );
      return fc
        .array(word, { minLength: 1, maxLength: 7 })
        .map((words) => (name === 'run' ? words : [name, ...words]));
    });
    await fc.assert(
      fc.asyncProperty(lines, async (argv) => {
        const ours = byWords(argv);
        if (ours === undefined) return;
        plain++;
        expect(await ours).toEqual(await byYargs(argv));
      }),
      { seed, numRuns: 20 * runsOf('command lines') },
    );
    expect(plain).toBeGreaterThan(runsOf('command lines') / 2);
  });
});
