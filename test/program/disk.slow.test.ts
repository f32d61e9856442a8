/**
 * Disks that refuse writes: the run reports it, continues, and leaves no broken file. A limit on the size of files
 * simulates a full disk: a write is cut off at the limit, later ones are refused. A file in place of a folder
 * simulates a folder without write permission.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk, type DiskRow } from '../parquet/rows.js';
import { everythingIn, JOURNALED, run, simulated, start, type Ended } from './command.js';
import { startHeld } from './pause.js';

const ARGS = simulated(2, 3, '--symbols', 'RELIANCE,TCS,INFY', ...JOURNALED);

interface Report {
  readonly gates: readonly {
    readonly id: string;
    readonly status: string;
    readonly observed: string;
    readonly remedy?: string;
  }[];
}

/** Runs with files of at most `blocks` times 512 bytes. With `toFile`, standard output is a file in the folder. */
async function limited(
  blocks: number,
  folder: string,
  args: readonly string[],
  toFile = false,
): Promise<Ended> {
  const stdout = toFile ? openSync(join(folder, 'stdout.txt'), 'w') : 'pipe';
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      `ulimit -f ${blocks}; exec "$0" "$@"`,
      process.execPath,
      fileURLToPath(shipped('dist/src/main.js')),
      ...args,
    ],
    { cwd: folder, stdio: ['ignore', stdout, 'pipe'] },
  );
  let [out, errors] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (typeof stdout === 'number') closeSync(stdout);
  return { code, stdout: toFile ? readFileSync(join(folder, 'stdout.txt'), 'utf8') : out, stderr: errors };
}

const outputGate = (text: string): Report['gates'][number] =>
  (JSON.parse(text) as Report).gates.find(({ id }) => id === 'output')!;
const reportIn = (folder: string): string => readFileSync(join(folder, 'report.json'), 'utf8');
const whole = (rows: readonly DiskRow[]): string[] =>
  rows.filter(({ partial }) => !partial).map(({ symbol, minute, candle }) => `${symbol} ${minute} ${candle}`);
/** Leftovers of a write that was cut off. */
const aside = (folder: string): string[] =>
  everythingIn(folder).filter((name) => name.endsWith('.writing') || name.endsWith('.tmp'));

let undisturbed: readonly string[] = [];

beforeAll(() =>
  inFolder(async (folder) => {
    expect((await run(ARGS, folder)).code).toBe(0);
    undisturbed = whole(await rowsOnDisk(join(folder, 'out')));
    // Two minutes of three symbols.
    expect(undisturbed).toHaveLength(6);
  }),
);

describe('a disk', () => {
  it('that is full for the journal: reported at once and at the end; candles are whole, the journal ends at a whole block, the gate fails', () =>
    inFolder(async (folder) => {
      const { code, stdout } = await limited(96, folder, ARGS);
      expect(stdout).toMatch(/The journal \S+ cannot be written \(EFBIG[^)]*\); what arrives is kept and it is tried again\./);
      expect(stdout).toMatch(/The journal \S+ has nothing after 2026-11-23T11:0\S+: the disk refused it to the end \(EFBIG[^)]*\)\./);
      expect(outputGate(reportIn(folder))).toMatchObject({ status: 'fail', observed: expect.stringMatching(/[1-9]\d* missing there/) as string });
      expect(code).toBe(1);
      expect(whole(await rowsOnDisk(join(folder, 'out')))).toEqual(undisturbed);
      const replayed = await run(['replay', join('journal', readdirSync(join(folder, 'journal'))[0]), '--out', 'replayed'], folder);
      expect(replayed.stdout).toMatch(/Note: The journal has nothing after 2026-11-23T11:0\S+: /);
      expect(replayed.stdout).toContain('Note: The run came to its end without its journal.');
      expect(replayed.stdout).not.toMatch(/damaged|cut off/);
      expect(undisturbed).toEqual(expect.arrayContaining(whole(await rowsOnDisk(join(folder, 'replayed')))));
    })); // prettier-ignore

  it('that is full for everything: failed files are named, the verdict is fail, nothing broken is left', () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await limited(1, folder, [...ARGS, '--json']);
      expect(stderr).toMatch(/The log \S+ cannot be written \(EFBIG[^)]*\); the run continues\./);
      expect(stderr).toMatch(/parquet cannot be written \(EFBIG[^)]*\)\. The candles stay in memory; it is tried again with each minute that is sealed\./);
      expect(stderr).toMatch(/The report \S+ cannot be written \(EFBIG/);
      expect(outputGate(stdout)).toMatchObject({ status: 'fail', remedy: expect.stringContaining('cannot be written') as string });
      expect(code).toBe(1);
      expect(await rowsOnDisk(join(folder, 'out'))).toEqual([]);
      expect(aside(folder)).toEqual([]);
      expect(existsSync(join(folder, 'report.json'))).toBe(false);
    })); // prettier-ignore

  it('that is full for standard output: standard error says so, the exit code is not 0, and the run finishes', () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await limited(2, folder, ARGS, true);
      expect(Buffer.byteLength(stdout)).toBe(1024);
      expect(stderr).toContain('tickshard: The standard output cannot be written (EFBIG: file too large, write); what is printed there from now on is lost.\n');
      expect(code).toBe(1);
    })); // prettier-ignore

  it.each(['decode', 'simulate --faults'])('that is full for the output of %s: one sentence and exit code 1', (command) =>
    inFolder(async (folder) => {
      const full = openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [fileURLToPath(shipped('dist/src/main.js')), ...command.split(' ')], { cwd: folder, stdio: ['pipe', full, 'pipe'] });
      child.stdin!.end(`${'00'.repeat(51)}\n`);
      let said = '';
      child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
      const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
      closeSync(full);
      expect(said).toMatch(/^tickshard: The standard output cannot be written \(ENOSPC[^\n]*\n/);
      expect(said).not.toContain('    at ');
      expect(code).toBe(1);
    })); // prettier-ignore

  it('whose folder refuses writes for a while: reported when it begins and when it ends, and all candles are written', () =>
    inFolder(async (folder) => {
      const out = join(folder, 'out');
      const troubled = /cannot be (read|written|listed) \([^)]*\)\. The candles stay in memory/;
      const running = startHeld(ARGS, folder, [/^11:01 {2}/m, troubled]);
      await running.held();
      expect(everythingIn(out).filter((name) => name.endsWith('.parquet'))).toHaveLength(6);
      renameSync(out, `${out}.away`);
      writeFileSync(out, 'in the way');
      running.release();
      await running.held();
      rmSync(out);
      renameSync(`${out}.away`, out);
      running.release();
      const { code, stdout } = await running.ended;
      expect(stdout).toMatch(/The candles in \S+ are written again; nothing of them is missing\./);
      expect(stdout.match(/The candles stay in memory/g)).toHaveLength(1);
      expect(outputGate(reportIn(folder)).status).toBe('pass');
      expect(code).toBe(0);
      expect(whole(await rowsOnDisk(out))).toEqual(undisturbed);
      expect(aside(folder)).toEqual([]);
    })); // prettier-ignore

  it.each([
    ['for a moment, as by a reader on Windows', 5, false],
    ['for longer than anybody waits', 14, true],
  ])('that refuses a rename %s: every file is whole, and at the end all candles are written', (_what, times, told) =>
    inFolder(async (folder) => {
      const path = join(folder, 'refusing.cjs');
      // A write tries twelve times.
      writeFileSync(
        path,
        `const fs = require('node:fs/promises');
         const { rename } = fs;
         let left = ${times};
         const refused = (to) => to.endsWith('NSE_TCS_1m_test.parquet') && left-- > 0;
         fs.rename = (from, to) => refused(to) ? Promise.reject(Object.assign(new Error('EBUSY: resource busy or locked, rename'), { code: 'EBUSY' })) : rename(from, to);
         require('node:module').syncBuiltinESMExports();`,
      );
      const { code, stdout } = await start(ARGS, folder, { NODE_OPTIONS: `--require ${fileURLToPath(pathToFileURL(path))}` }).ended;
      expect(stdout.includes('another program holds it open')).toBe(told);
      expect(stdout.includes('are written again; nothing of them is missing.')).toBe(told);
      expect(code).toBe(0);
      expect(whole(await rowsOnDisk(join(folder, 'out')))).toEqual(expect.arrayContaining([...undisturbed]));
      expect(aside(folder)).toEqual([]);
    })); // prettier-ignore
});
