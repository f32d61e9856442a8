/**
 * Disks that are really small: a tmpfs in a mount namespace of the test's own. Candles come first. A journal that has
 * no room fails gate `output`, says from when on it has nothing, and tells it to replay and --resume.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  BLOCK,
  ENTRY,
  FLAG,
  KIND,
  readSegmentHeader,
  SEGMENT,
  segmentHeader,
  type SegmentHeader,
} from '../../src/journal/format.js';
import { shipped } from '../../src/paths.js';
import { endsOf } from '../journal/made.js';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk, type DiskRow } from '../parquet/rows.js';
import { longAfter, usual } from '../tier.js';
import { everythingIn, JOURNALED, run, simulated, start, type Ended } from './command.js';
import { atOutput, imported, planted } from './pause.js';

const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

/** Everything is on the small disk, `kept` in `folder` is its copy. `script`: of sh; `$TICKSHARD` runs the program. */
async function onSmallDisk(
  folder: string,
  kib: number,
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const text = `mkdir disk kept; mount -t tmpfs -o size=${kib}k none disk && cd disk || exit 99
    ${script}
    code=$?; cp -a . ../kept; exit $code`;
  const TICKSHARD = `${process.execPath} ${fileURLToPath(shipped('dist/src/main.js'))}`;
  const child = spawn('unshare', ['-rm', 'sh', '-c', text], {
    cwd: folder,
    env: { PATH: process.env.PATH, TICKSHARD, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (more: string) => (stdout += more));
  child.stderr.setEncoding('utf8').on('data', (more: string) => (stderr += more));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

const argsOf = (symbols: string, minutes: number, mode: string): string[] =>
  simulated(2, minutes, '--symbols', symbols, '--mode', mode, ...JOURNALED);
const ran = (args: readonly string[]): string => `$TICKSHARD ${args.join(' ')}`;
const whole = (rows: readonly DiskRow[]): string[] =>
  rows.filter(({ partial }) => !partial).map(({ symbol, minute, candle }) => `${symbol} ${minute} ${candle}`);
const wholeIn = async (folder: string, out = 'kept/out'): Promise<string[]> =>
  whole(await rowsOnDisk(join(folder, out)));
const hidden = (folder: string): string[] =>
  everythingIn(folder).filter((name) => /(^|\/)\.|\.writing$/.test(name));

interface Report {
  readonly gates: readonly { readonly id: string; readonly status: string; readonly remedy?: string }[];
  readonly journal: { readonly until: string; readonly missing: number };
}
const reportIn = (folder: string): Report =>
  JSON.parse(readFileSync(join(folder, 'kept/report.json'), 'utf8')) as Report;
const outputOf = (report: Report): Report['gates'][number] => report.gates.find(({ id }) => id === 'output')!;
const NOTHING_AFTER =
  /The journal \S+ has nothing after (2026-11-23T11:0\S+): [^\n]+\. Replay and --resume reach no further\./;

/** Whole candles of runs on a large disk, by their arguments. */
const onLarge = new Map<string, Promise<string[]>>();
function undisturbed(args: readonly string[]): Promise<string[]> {
  const key = args.join(' ');
  if (!onLarge.has(key))
    onLarge.set(
      key,
      inFolder(async (folder) => {
        expect((await run(args, folder)).code).toBe(0);
        return wholeIn(folder, 'out');
      }),
    );
  return onLarge.get(key)!;
}

describe.skipIf(!canMount)('a small disk', () => {
  const sizes: [number, string[]][] = [
    [100, argsOf('RELIANCE', 3, 'snapquote')],
    [400, argsOf('RELIANCE,TCS,INFY', 3, 'snapquote')],
    [250, argsOf('RELIANCE,TCS,SBIN,M&M'.replace('&', '\\&'), 4, 'ltp')],
  ];
  it.each(longAfter(1, sizes))('of %i KiB has every candle, and a journal that says where it ends: %s', (kib, args) =>
    inFolder(async (folder) => {
      const again = `mount -o remount,size=8m "$PWD"; cp -a out ../first; ${ran(args)} >/dev/null; echo "again $?"`;
      const { code, stdout } = await onSmallDisk(folder, kib, `${ran(args)}; code=$?; ${again}; (exit $code)`);
      expect(code).toBe(1);
      const plain = args.map((arg) => arg.replace('\\&', '&'));
      // Rows of the newer run replace equal ones.
      const all = await wholeIn(folder);
      expect(all.length).toBeGreaterThan(0);
      expect(await wholeIn(folder, 'first')).toEqual(all);
      expect(hidden(join(folder, 'first'))).toEqual([]);
      expect(stdout).toMatch(NOTHING_AFTER);
      expect(stdout).toContain('Verdict: FAIL');
      expect(stdout).not.toContain('stay in memory');
      // With room the same folders serve another run.
      expect(stdout).toContain('again 0');
      const [first] = readdirSync(join(folder, 'kept/journal')).sort();
      const replayed = await run(['replay', join('kept/journal', first), '--out', 'replayed'], folder);
      expect(replayed.stdout).toContain(`Note: The journal has nothing after ${NOTHING_AFTER.exec(stdout)![1]}`);
      expect(replayed.stdout).toContain('Note: The run came to its end without its journal.');
      expect(all).toEqual(expect.arrayContaining(await wholeIn(folder, 'replayed')));
      const resumed = await start([...plain, '--resume', '--resume-after', '5'], join(folder, 'kept')).ended;
      expect(resumed).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/There is nothing to resume in journal: \S+ came to its end, and its journal, which has nothing after/) as string });
    })); // prettier-ignore

  usual('that has no room for the candles is refused before anything connects, and nothing is left there', () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await onSmallDisk(folder, 400, ran(simulated(2, 3, '--mode', 'ltp', ...JOURNALED)));
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^tickshard: The candles of this run may need \d+ KiB in \S+out, and \d+ KiB are free there: make room, or name another --out\.\n$/);
      expect(everythingIn(join(folder, 'kept')).filter((name) => name.includes('.'))).toEqual([]);
    })); // prettier-ignore

  it.each([
    ['to the end: all candles are there, the journal is not', false],
    ['for a while: nothing is missing', true],
  ])('that another process fills %s', (_what, leaves) =>
    inFolder(async (folder) => {
      const args = argsOf('RELIANCE,TCS,INFY', 4, 'ltp');
      const env = imported(`
        const fs = await import('node:fs');
        const filler = fs.openSync('filler', 'w');
        const reached = (turn) => {
          if (turn === 2) return ${leaves ? 'fs.ftruncateSync(filler)' : 'undefined'};
          try { for (;;) fs.writeSync(filler, Buffer.alloc(4096)); } catch (error) { if (error.code !== 'ENOSPC') throw error; }
        };
        ${atOutput([/^11:01 {2}/m, /^11:03 {2}/m])}`);
      const { code, stdout } = await onSmallDisk(folder, 8192, ran(args), env);
      expect(stdout).toMatch(/The journal \S+ cannot be written \(ENOSPC/);
      expect(stdout).not.toContain('stay in memory');
      expect(await wholeIn(folder)).toEqual(await undisturbed(args));
      expect(hidden(join(folder, 'kept/out'))).toEqual([]);
      expect(stdout.match(/is written again; nothing of it is missing/g) ?? []).toHaveLength(leaves ? 1 : 0);
      expect(outputOf(reportIn(folder)).status).toBe(leaves ? 'pass' : 'fail');
      expect(code).toBe(leaves ? 0 : 1);
    })); // prettier-ignore

  usual('whose run is killed when its journal had ended: --resume says so, and no stored candle is lost or worse', () =>
    inFolder(async (folder) => {
      const args = argsOf('RELIANCE', 6, 'snapquote');
      const killed = planted(/^11:03 {2}/m, "process.kill(process.pid, 'SIGKILL')");
      const options = killed.NODE_OPTIONS;
      const script = `NODE_OPTIONS="$KILLED" ${ran(args)}; cp -a out ../first
        mount -o remount,size=8m "$PWD"
        ${ran(args)} --resume --resume-after 220`;
      const { stdout } = await onSmallDisk(folder, 100, script, { KILLED: options });
      const before = await wholeIn(folder, 'first');
      expect(before.length).toBeGreaterThan(1);
      expect(stdout).toMatch(/Resuming run \S+: \d+ frames from its journal, until 2026-11-23T11:0[01]:[^.]+\. The journal ends there, before the killed process did: what came next is a gap, and better candles of it that are stored stay\./);
      expect(await wholeIn(folder)).toEqual(expect.arrayContaining(before));
      expect(outputOf(reportIn(folder)).status).toBe('pass');
      const [journal] = readdirSync(join(folder, 'kept/journal'));
      const replayed = await run(['replay', join('kept/journal', journal), '--out', 'replayed'], folder);
      expect(replayed.stdout).toMatch(/Note: The journal has nothing after 2026-11-23T11:0[01]:\S+ until 2026-11-23T11:0[345]:\S+, when the run was resumed/);
      expect(replayed.stdout).toContain("Same candles, quality rows and momentum as the run's.");
    })); // prettier-ignore
});

describe('a journal that ends before its killed process', () => {
  const args = argsOf('RELIANCE', 5, 'ltp');
  /** Offset of the exchange's time in an LTP packet, the first entry of a block. */
  const EXCHANGE_MS = BLOCK.header + ENTRY.header + 35;
  const NEXT_MINUTE_MS = Date.parse('2026-11-23T11:02:00+05:30');

  /** Cuts the segment before the first packet of 11:02. */
  function cut(path: string): void {
    const journal = readFileSync(path);
    const cutAt = endsOf(journal).find(
      (at) =>
        journal[at + BLOCK.header] === KIND.frame &&
        Number(journal.readBigInt64LE(at + EXCHANGE_MS)) >= NEXT_MINUTE_MS,
    );
    const { runId, number, firstBlock } = readSegmentHeader(journal) as SegmentHeader;
    const header = segmentHeader({ runId, number, firstBlock, wallMs: 0, flags: FLAG.incomplete });
    writeFileSync(path, Buffer.concat([header, journal.subarray(SEGMENT.size, cutAt)]));
  }

  usual('between the last tick of a minute and its seal: the minute that the process stored whole stays whole', () =>
    inFolder(async (folder) => {
      const killed = start(args, folder, planted(/^11:03 {2}/m, "process.kill(process.pid, 'SIGKILL')"));
      await killed.ended;
      const before = await wholeIn(folder, 'out');
      expect(before.join()).toContain('RELIANCE 11:01');
      cut(join(folder, 'journal', readdirSync(join(folder, 'journal'))[0], '000001.journal'));
      const { stdout } = await run([...args, '--resume', '--resume-after', '150'], folder);
      expect(stdout).toContain('The journal ends there, before the killed process did');
      expect(await wholeIn(folder, 'out')).toEqual(expect.arrayContaining(before));
    })); // prettier-ignore
});
