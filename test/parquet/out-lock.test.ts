/** Who may write to a folder of candles: one at a time, and what a waiter can tell of a holder that may be dead. */
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { EngineError } from '../../src/errors.js';
import { networkWarnings } from '../../src/parquet/network-disk.js';
import { OutLock, renameHolding } from '../../src/parquet/out-lock.js';
import { FakeClock } from '../feed/fake-clock.js';
import { inFolder } from './candles.js';

const NAME = '.tickshard.lock';
const never = new AbortController().signal;

interface Made {
  readonly lock: OutLock;
  readonly clock: FakeClock;
  readonly said: string[];
  readonly lost: EngineError[];
}

function lockOf(folder: string, who = 'run A'): Made {
  const clock = new FakeClock();
  const said: string[] = [];
  const lost: EngineError[] = [];
  const lock = new OutLock({
    folder,
    who,
    clock,
    onWait: (sentence) => said.push(sentence),
    onLost: (error) => lost.push(error),
  });
  return { lock, clock, said, lost };
}

/** Resolves when a waiter has looked at the lock and waits for its next look. */
const looked = (clock: FakeClock): Promise<void> =>
  vi.waitFor(() => expect(clock.nextOnceMs).toBeDefined(), { timeout: 20_000, interval: 1 });

/** A lock that a process elsewhere wrote: of another container, machine or boot. */
function foreign(folder: string, beat = 0): void {
  const holder = { nonce: '7', who: 'run B', processId: 1, processStart: '5', host: 'other', processes: 'boot pid:[1]', sinceMs: 0, beat };
  writeFileSync(join(folder, NAME), `${JSON.stringify(holder)}\n`);
} // prettier-ignore

/** As this system writes it, changed. */
async function own(folder: string, change: object): Promise<void> {
  const { lock } = lockOf(folder, 'run B');
  await lock.take(never);
  const text = readFileSync(join(folder, NAME), 'utf8');
  await lock.release();
  writeFileSync(join(folder, NAME), JSON.stringify({ ...(JSON.parse(text) as object), nonce: '7', ...change }));
} // prettier-ignore

describe('a lock', () => {
  it('is refused while its process lives, with who holds it, and free after its release', () =>
    inFolder(async (folder) => {
      const first = lockOf(folder);
      const second = lockOf(folder, 'run B');
      expect(await first.lock.take(never)).toBe(true);
      await expect(second.lock.take(never)).rejects.toMatchObject({
        code: 'OUTPUT',
        message: expect.stringMatching(
          new RegExp(`^${folder} is written by run A \\(process ${process.pid} on .*, since .*\\): end it`),
        ) as string,
      });
      await second.lock.release();
      expect(existsSync(join(folder, NAME))).toBe(true);
      await first.lock.release();
      expect(readdirSync(folder)).toEqual([]);
      expect(await second.lock.take(never)).toBe(true);
      await second.lock.release();
    }));

  it.each([
    ['a process that is dead', { processId: 2 ** 22 + 1, processStart: '1' }],
    ['a process whose number another has now', { processStart: '1' }],
  ])('of %s is stale at once', (_what, change) =>
    inFolder(async (folder) => {
      await own(folder, change);
      const { lock, said, clock } = lockOf(folder);
      const before = clock.monoMs();
      expect(await lock.take(never)).toBe(true);
      expect([said, clock.monoMs()]).toEqual([[], before]);
      await lock.release();
      expect(readdirSync(folder)).toEqual([]);
    }),
  );

  it('of another container is stale after 30 s without change, and is said to be waited for', () =>
    inFolder(async (folder) => {
      foreign(folder);
      const { lock, clock, said } = lockOf(folder);
      const startMs = clock.monoMs();
      const taking = lock.take(never);
      for (let k = 0; k < 60; k++) {
        await looked(clock);
        clock.advance(500);
      }
      expect(await taking).toBe(true);
      expect(clock.monoMs() - startMs).toBe(30_000);
      expect(said).toEqual([
        expect.stringMatching(/is locked by run B \(process 1 on other, since .*within 30 s\./),
      ]);
      expect(readFileSync(join(folder, NAME), 'utf8')).toContain('run A');
      await lock.release();
      expect(readdirSync(folder)).toEqual([]);
    })); // prettier-ignore

  it('that is refreshed elsewhere is held; seconds in which the waiter stood still do not count', () =>
    inFolder(async (folder) => {
      foreign(folder);
      const { lock, clock } = lockOf(folder);
      const taking = lock.take(never);
      const refused = expect(taking).rejects.toThrow(/is written by run B \(process 1 on other/);
      await looked(clock);
      // One look after an hour proves nothing: the holder's machine may have slept with this one.
      clock.advance(3_600_000);
      await looked(clock);
      foreign(folder, 1);
      clock.advance(500);
      await refused;
    }));

  it('that is not whole is waited for, and an interruption ends the wait', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, NAME), '');
      const { lock, said, clock } = lockOf(folder);
      const abort = new AbortController();
      const taking = lock.take(abort.signal);
      await looked(clock);
      abort.abort();
      expect(await taking).toBe(false);
      expect(said).toEqual([expect.stringContaining('is locked by something')]);
    }));

  it('goes to one of many that find it stale', () =>
    inFolder(async (folder) => {
      await own(folder, { processStart: '1' });
      const many = Array.from({ length: 12 }, (_, k) => lockOf(folder, `run ${k}`));
      const taken = await Promise.allSettled(many.map(({ lock }) => lock.take(never)));
      expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const { lock } of many) await lock.release();
      expect(readdirSync(folder)).toEqual([]);
    }));

  it.each([
    ['taken by another', (folder: string) => foreign(folder), /run B \(process 1 on other, since .*\) took it/],
    ['removed', (folder: string) => renameSync(join(folder, NAME), join(folder, 'away')), /it was removed/],
  ])('that is %s stops renames at once and its holder at the next refresh', (_what, take, why) =>
    inFolder(async (folder) => {
      const { lock, clock, lost } = lockOf(folder);
      await lock.take(never);
      const rename = renameHolding(lock.token);
      writeFileSync(join(folder, 'from'), '');
      clock.advance(5000);
      await lock.refresh();
      await rename(join(folder, 'from'), join(folder, 'to'));
      take(folder);
      await expect(rename(join(folder, 'to'), join(folder, 'over'))).rejects.toThrow(why);
      expect(existsSync(join(folder, 'over'))).toBe(false);
      clock.advance(5000);
      await lock.refresh();
      expect(lost).toEqual([expect.objectContaining({ code: 'OUTPUT', message: expect.stringMatching(why) as string })]);
      const before = readdirSync(folder);
      await lock.release();
      expect(readdirSync(folder)).toEqual(before);
    })); // prettier-ignore
});

it('a file system of another machine is warned of, a disk of this one is not', () =>
  inFolder((folder) => {
    expect(networkWarnings('out', 0x6969)[0]).toMatch(/^out is on a file system that other machines may share \(NFS\)/);
    expect(networkWarnings('out', 0xff534d42 | 0)[0]).toContain('(CIFS)');
    expect(networkWarnings(folder)).toEqual([]);
    return Promise.resolve();
  })); // prettier-ignore
