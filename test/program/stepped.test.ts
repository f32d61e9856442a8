/**
 * `--speed max`: one seed is one run, whatever the number of shards, and the ways in which a stepped run ends early.
 * More modes, faults and kills, stepped-more.slow.test.ts; a busy machine: stepped-busy.long.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk } from '../parquet/rows.js';
import { firstOf, slow } from '../tier.js';
import { everythingIn, run } from './command.js';
import { startHeld } from './pause.js';
import { outcomeOf, rowsIn, stepped } from './stepped.js';

/** The broker's frames come late, its connection drops, and it sends more in a moment than the rings hold. */
const FAULTS = ['late:at=50,for=20', 'drop:at=80', 'burst:at=100,frames=20000'];

describe('the same seed', () => {
  it('gives the same report, candles, quality rows, events and gates, for 1, 2 and 4 shards', () =>
    inFolder(async (folder) => {
      const args = stepped('--duration', '3', '--mode', 'snapquote', ...FAULTS.flatMap((fault) => ['--fault', fault]));
      const first = await outcomeOf([...args, '--shards', '1'], folder);
      expect(first.rows.length).toBeGreaterThan(10);
      expect(first.report['disconnects']).toHaveLength(1);
      for (const shards of firstOf(1, ['4', '2']))
        await inFolder(async (other) => expect(await outcomeOf([...args, '--shards', shards], other)).toEqual(first));
    })); // prettier-ignore
});

describe('a stepped run', () => {
  slow('whose simulator dies ends with one sentence and exit code 3, and its files are whole', () =>
    inFolder(async (folder) => {
      const running = startHeld(stepped('--duration', '15'), folder, /^11:03 {2}/m);
      await running.held();
      process.kill(childOf(running.child.pid!), 'SIGKILL');
      running.release();
      const { code, stderr } = await running.ended;
      expect(stderr).toMatch(/^tickshard: The simulated broker ended with code none before it answered\.\n$/);
      expect(code).toBe(3);
      await expectWhole(folder);
    })); // prettier-ignore

  slow('ends at Ctrl-C as INTERRUPTED with 130, and its files are whole', () =>
    inFolder(async (folder) => {
      const running = startHeld(stepped('--duration', '15'), folder, /^11:03 {2}/m);
      await running.held();
      running.child.kill('SIGINT');
      running.release();
      const { code, stdout, stderr } = await running.ended;
      expect([code, stderr]).toEqual([130, '']);
      expect(stdout).toMatch(/Interrupted: closing the feed[\s\S]*Verdict: INTERRUPTED/);
      expect(readFileSync(join(folder, 'report.json'), 'utf8')).toContain('"verdict": "interrupted"');
      await expectWhole(folder);
    })); // prettier-ignore
});

/** The only child of a process: a run has its simulator. */
function childOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).trim());
}

/** Every minute that was sealed is on disk, and nothing that was begun is left. */
async function expectWhole(folder: string): Promise<void> {
  expect(everythingIn(folder).filter((name) => /\.(writing|tmp)$/.test(name))).toEqual([]);
  expect((await rowsIn(folder)).length).toBeGreaterThan(0);
  const rows = (await rowsOnDisk(join(folder, 'out'))).filter(({ partial }) => !partial);
  expect(rows.map(({ symbol, minute }) => `${symbol} ${minute}`)).toEqual(
    expect.arrayContaining(['RELIANCE 11:01', 'TCS 11:01', 'RELIANCE 11:02', 'TCS 11:02']),
  );
}

const STAGE = ['--ws-test-mode', '--stage', '1', '--duration', '1'];
const SIM = [...STAGE, '--feed', 'sim'];
const AT_MAX = [...SIM, '--speed', 'max'];

describe.concurrent('--speed max and --resume-after refuse', () => {
  it.each<[string, readonly string[], RegExp]>(firstOf(2, [
    ['the live feed', [...STAGE, '--speed', 'max'], /--speed belongs to --feed sim; this feed is the live one\./],
    ['a URL', [...STAGE, '--feed', 'ws://127.0.0.1:9', '--speed', 'max'], /--speed belongs to --feed sim; this feed is a URL, for which --market-clock says the time\./],
    ['a simulator alone', ['simulate', '--speed', 'max'], /--speed max belongs to a run with --feed sim, which steps the time of its own simulator; alone, a simulator needs a speed\./],
    ['to resume without the time since the kill', [...AT_MAX, '--resume'], /--resume with --speed max needs --resume-after SECONDS: its time stood still since the kill\./],
    ['that time at another speed', [...SIM, '--speed', '60', '--resume', '--resume-after', '5'], /--resume-after belongs to --speed max: at any other speed the clock says how much time has passed\./],
    ['that time without --resume', [...AT_MAX, '--resume-after', '5'], /--resume-after belongs to --resume/],
  ]))('%s', (_what, args, sentence) =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await run(args, folder);
      expect(stderr).toMatch(new RegExp(`^tickshard: [^\\n]*${sentence.source}[^\\n]*\\n$`));
      expect([code, stdout]).toEqual([2, '']);
      expect(everythingIn(folder)).toEqual([]);
    })); // prettier-ignore
});
