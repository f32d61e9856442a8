/** Two runs with one `--out`: the second says who writes there, and however the first ends it leaves no lock. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/clock.js';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk } from '../parquet/rows.js';
import { JOURNALED, run, simulated } from './command.js';
import { imported, startHeld } from './pause.js';

const ARGS = simulated(2, 4, '--symbols', 'RELIANCE,TCS', ...JOURNALED);
const LOCK = '.tickshard.lock';
const lockIn = (folder: string): string => join(folder, 'out', LOCK);
const OTHER = ARGS.map((arg) => (arg === 'report.json' ? 'other.json' : arg));

describe.concurrent('a run', () => {
  it('into the folder of another, or a replay, is refused with exit code 2 and who holds it; nothing is lost', () =>
    inFolder(async (folder) => {
      const first = startHeld(ARGS, folder, /^11:01 {2}\d+ candles sealed/m);
      await first.held();
      const holder = `run \\S+ \\(process ${first.child.pid} on .*, since .*\\)`;
      const advice = 'end it or wait for its end, or name another --out';
      const sentence = new RegExp(`^tickshard: \\S*out is written by ${holder}: ${advice}\\.\\n$`);
      const second = await run(OTHER, folder);
      expect([second.code, second.stdout, second.stderr]).toEqual([2, '', expect.stringMatching(sentence)]);
      const [id] = /\d{8}T\d{6}Z-\d{7}/.exec(second.stderr)!;
      const replay = await run(['replay', join('journal', id), '--out', 'out'], folder);
      expect([replay.code, replay.stdout, replay.stderr]).toEqual([2, '', expect.stringMatching(sentence)]);
      first.release();
      expect((await first.ended).code).toBe(0);
      expect(existsSync(lockIn(folder))).toBe(false);
      expect(await run(OTHER, folder)).toMatchObject({ code: 0 });
    })); // prettier-ignore

  it('that was killed leaves a lock for which --resume does not wait', () =>
    inFolder(async (folder) => {
      const first = startHeld(ARGS, folder, /^11:01 {2}\d+ candles sealed/m);
      await first.held();
      first.child.kill('SIGKILL');
      await first.ended;
      expect(existsSync(lockIn(folder))).toBe(true);
      const { code, stdout } = await run([...ARGS, '--resume', '--resume-after', '5'], folder);
      expect(code).toBe(0);
      expect(stdout).not.toContain('is locked by');
      expect(existsSync(lockIn(folder))).toBe(false);
    }));

  it.each([
    ['an interruption', `process.kill(process.pid, 'SIGTERM');`, 130],
    ['two at once', `process.emit('SIGINT'); process.emit('SIGINT');`, 130],
    ['a fault', `setImmediate(() => { throw new Error('the sky fell'); });`, 1],
  ])('that ends by %s leaves no lock', (_what, body, code) =>
    inFolder(async (folder) => {
      const planted = imported(`
        const { existsSync } = await import('node:fs');
        const timer = setInterval(() => {
          if (!existsSync('out/NSE_TCS_1m_test.parquet') || !existsSync('out/${LOCK}')) return;
          clearInterval(timer);
          ${body}
        }, 2);`);
      expect(await run(ARGS, folder, planted)).toMatchObject({ code });
      expect(existsSync(lockIn(folder))).toBe(false);
    }),
  );

  it('whose lock another took writes no more, says so, and its other candles are in the journal', () =>
    inFolder(async (folder) => {
      const first = startHeld(ARGS, folder, /^11:01 {2}\d+ candles sealed/m);
      await first.held();
      const holder = { ...(JSON.parse(readFileSync(lockIn(folder), 'utf8')) as object), nonce: '7', who: 'run B' };
      writeFileSync(lockIn(folder), JSON.stringify(holder));
      // A rename of the writer's thread may be under way.
      await sleep(500);
      const before = await rowsOnDisk(join(folder, 'out'));
      first.release();
      const { code, stdout, stderr } = await first.ended;
      expect(stderr).toMatch(/^tickshard: The lock \S+ is no longer this run's: run B \(process \d+ on .*\) took it\. Candles are written no more/m);
      expect(code).toBe(2);
      expect(stdout).toMatch(/\[fail\] Output saved[^]*The lock \S+ is no longer this run's: run B/i);
      expect(await rowsOnDisk(join(folder, 'out'))).toEqual(before);
      expect(readFileSync(lockIn(folder), 'utf8')).toContain('run B');
    })); // prettier-ignore
});
