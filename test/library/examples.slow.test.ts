/** Each program of `examples/`, compiled and run as a user runs it. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';
import { run } from '../program/command.js';
import { stepped } from '../program/stepped.js';

const program = (name: string): string => fileURLToPath(shipped(`dist/examples/${name}.js`));

function outputOf(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
  });
  expect(stderr.replace(/.*ExperimentalWarning.*\n.*\n/g, '')).toBe('');
  expect(status).toBe(0);
  return stdout;
}

describe('examples', () => {
  it('have at most sixty lines, and a test each', () => {
    const names = readdirSync(shipped('examples'));
    expect(names).toEqual([
      'bot-test.ts',
      'compare.ts',
      'console.ts',
      'duckdb.ts',
      'journal.ts',
      'strategy.ts',
    ]);
    for (const name of names)
      expect(readFileSync(shipped(`examples/${name}`), 'utf8').split('\n').length, name).toBeLessThanOrEqual(
        61,
      );
  });

  it('console: candles with their quality', () =>
    inFolder((folder) => {
      const lines = outputOf([program('console')], folder).trim().split('\n');
      expect(lines[0]).toBe('nothing seen from 0 to now: start');
      expect(lines.filter((line) => /^11:0\d (RELIANCE|TCS) [\d.]+ volume \d+ revision \d+$/.test(line)).length).toBeGreaterThan(6);
    })); // prettier-ignore

  it('duckdb: a second run of the same day changes nothing', () =>
    inFolder((folder) => {
      const first = outputOf([program('duckdb'), 'candles.duckdb'], folder);
      expect(first).toMatch(/^\["RELIANCE","[56]",[\d.]+\]\n\["TCS","[56]",[\d.]+\]\n$/);
      expect(outputOf([program('duckdb'), 'candles.duckdb'], folder)).toBe(first);
    }));

  it('strategy: decides on whole minutes only', () =>
    inFolder((folder) => {
      const lines = outputOf([program('strategy')], folder)
        .trim()
        .split('\n');
      expect(lines.length).toBeGreaterThanOrEqual(6);
      for (const line of lines) expect(line).toMatch(/^\w+: -?[\d.]+ % in 3 minutes, (up|not up)$/);
    }));

  it('bot-test: the bot stands aside in a gap', () =>
    inFolder((folder) => {
      expect(outputOf(['--test', program('bot-test')], folder)).toMatch(/pass 1/);
    }));

  it('compare: the feed agrees with the polled candles', () =>
    inFolder((folder) => {
      expect(outputOf([program('compare')], folder)).toMatch(/^pass: [4-6] minutes compared\n$/);
    }));

  it('journal: the frames of a run', () =>
    inFolder(async (folder) => {
      const { code, stderr } = await run(stepped('--duration', '1'), folder);
      expect(code, stderr).toBe(0);
      const journal = join(folder, 'journal', readdirSync(join(folder, 'journal'))[0]);
      const lines = outputOf([program('journal'), journal], folder)
        .trim()
        .split('\n');
      expect(lines).toHaveLength(3);
      expect(lines[0]).toMatch(/^token \d+: \d+ frames, last price [\d.]+, median lag \d+ ms$/);
      expect(lines[2]).toBe('0 messages were no frames');
    }));
});
