/** `--wait-open`: the first minute is whole, the duration starts at the opening, and waiting can be interrupted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../feed/fake-clock.js';
import { connectMs, reached, waitingText } from '../../src/run/wait-for-open.js';
import { istMs } from '../../src/market/session.js';
import { duckdb, inFolder } from '../parquet/candles.js';
import { everythingIn, run, served } from '../program/command.js';
import { startHeld, type Held } from '../program/pause.js';
import { startServer } from '../program/server.js';
import { slow } from '../tier.js';

const sim = ['--ws-test-mode', '--stage', '1', '--feed', 'sim', '--speed', 'max', '--duration', '2'];

/** Held while it waits for 25 November, its wall clock stands at `fromMs`; from then on it runs from `toMs`. */
function startAsleep(folder: string, url: string, fromMs: number, toMs: number): Held {
  const args = ['--ws-test-mode', '--stage', '1', '--duration', '1', '--feed', url, '--wait-open'];
  return startHeld(args, folder, /it opens 2026-11-25T09:15:00\+05:30, in 1 day 13 h 15 min\. /, {
    before: `const { now } = Date;
      let sinceMs = Infinity;
      Date.now = () => (sinceMs === Infinity ? ${fromMs} : ${toMs} + now() - sinceMs);`,
    released: 'sinceMs = now();',
  });
}

describe('a run that waits for the opening', () => {
  it('has the minute of 09:15 whole and runs its duration from there', async () => {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await run([...sim, '--at', '2026-11-23T09:12', '--wait-open'], folder);
      expect(stderr).toBe('');
      expect(stdout).toMatch(
        /2 minutes from 2026-11-23T09:15:00\+05:30[\s\S]*The market is shut; it opens 2026-11-23T09:15:00\+05:30, in 3 min of market time\. /,
      );
      expect(code).toBe(0);
      const quality = join(folder, 'data/test/sim/websocket_candles/quality/NSE_RELIANCE_1m_quality.parquet');
      const rows = await duckdb(
        `SELECT strftime(timezone('Asia/Kolkata', timestamp), '%H:%M') AS minute, partial FROM '${quality}' ORDER BY timestamp`,
      );
      expect(rows.slice(0, 2)).toEqual([
        { minute: '09:15', partial: false },
        { minute: '09:16', partial: false },
      ]);
      const { gates } = JSON.parse(readFileSync(join(folder, 'data/test/reports/latest.json'), 'utf8')) as {
        gates: { id: string; observed: string }[];
      };
      expect(Number.parseFloat(gates.find(({ id }) => id === 'duration')!.observed)).toBeLessThan(3);
    });
  });

  slow('waits over a night and a holiday, and does not wait when the market is open', async () => {
    await inFolder(async (folder) => {
      // Monday evening; Tuesday is a holiday.
      const opens = /it opens 2026-11-25T09:15:00\+05:30, in 1 day 13 h 15 min/;
      const waiting = startHeld([...sim, '--at', '2026-11-23T20:00', '--wait-open'], folder, opens);
      await waiting.held();
      waiting.child.kill('SIGINT');
      waiting.release();
      expect((await waiting.ended).code).toBe(130);
      const open = await run([...sim, '--at', '2026-11-23T11:00', '--wait-open'], folder);
      expect(open.stdout).not.toMatch(/shut/);
      expect(open.code).toBe(0);
    });
  });

  slow('without the option says when the market opens, and which option waits', async () => {
    await inFolder(async (folder) => {
      const { code, stderr } = await run([...sim, '--at', '2026-11-23T08:00'], folder);
      expect(stderr).toBe(
        'tickshard: The market is shut at 2026-11-23T08:00:00+05:30 (before the opening); it opens 2026-11-23T09:15:00+05:30 (--wait-open waits for it).\n',
      );
      expect(code).toBe(2);
      expect(everythingIn(folder)).toEqual([]);
    });
  });

  slow('on a feed with a clock of its own connects only shortly before', async () => {
    await inFolder(async (folder) => {
      const server = await startServer({});
      const waiting = startHeld(
        served(server.url, '2026-11-23T09:13@60', 1, 1, '--wait-open'),
        folder,
        /it opens 2026-11-23T09:15/,
      );
      await waiting.held();
      expect(server.calls).toEqual([]);
      waiting.release();
      await vi.waitFor(() => expect(server.open.size).toBe(1), { timeout: 200_000 });
      waiting.child.kill('SIGINT');
      expect((await waiting.ended).code).toBe(130);
      await server.close();
    });
  });

  slow('by the wall clock: a machine that slept over the opening connects when it wakes up', async () => {
    await inFolder(async (folder) => {
      const server = await startServer({});
      const [fromMs, toMs] = [istMs('2026-11-23', '20:00'), istMs('2026-11-25', '09:20')];
      const waiting = startAsleep(folder, server.url, fromMs, toMs);
      await waiting.held();
      expect([server.calls, everythingIn(folder)]).toEqual([[], []]);
      waiting.release();
      await vi.waitFor(() => expect(server.open.size).toBe(1), { timeout: 200_000 });
      waiting.child.kill('SIGINT');
      expect((await waiting.ended).stdout).toMatch(/1 minute from 2026-11-25T09:20:\d\d\+05:30/);
      await server.close();
    });
  });

  slow('by the wall clock: one that slept through the whole day waits for the next', async () => {
    await inFolder(async (folder) => {
      const server = await startServer({});
      const [fromMs, toMs] = [istMs('2026-11-23', '20:00'), istMs('2026-11-25', '19:00')];
      const waiting = startAsleep(folder, server.url, fromMs, toMs);
      await waiting.held();
      waiting.release();
      await waiting.saw(
        /it opens 2026-11-25T09:15[^]*it opens 2026-11-26T09:15:00\+05:30, in 14 h 15 min\. /,
      );
      waiting.child.kill('SIGTERM');
      const { code, stdout } = await waiting.ended;
      expect(stdout).toMatch(
        /Interrupted before the market opened: nothing was connected, nothing written\./,
      );
      expect(code).toBe(130);
      expect([server.calls, everythingIn(folder)]).toEqual([[], ['released-1']]);
      await server.close();
    });
  });

  slow('refuses what is wrong before it waits', async () => {
    await inFolder(async (folder) => {
      const { code, stderr } = await run(
        ['--ws-test-mode', '--stage', '1', '--duration', '1', '--wait-open', '--symbols', 'NOSUCH'],
        folder,
      );
      expect(stderr).toMatch(/Unknown symbol NOSUCH/);
      expect(code).toBe(2);
    });
  });
});

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('waiting', () => {
  const openMs = istMs('2026-11-25', '09:15');

  it('connects between 60 and 75 seconds before', () => {
    expect(openMs - connectMs(openMs, 0)).toBe(60_000);
    expect(openMs - connectMs(openMs, 0.999)).toBeLessThan(75_000);
  });

  it.each([
    [openMs - 20_000, 'in 1 min'],
    [openMs - 60_000 * 59, 'in 59 min'],
    [openMs - 3_600_000, 'in 1 h'],
    [openMs - 86_400_000, 'in 1 day'],
    [openMs - 2 * 86_400_000 - 3_900_000, 'in 2 days 1 h 5 min'],
  ])('says how long at %i: %s', (nowMs, text) => {
    expect(waitingText(openMs, nowMs, true)).toContain(`09:15:00+05:30, ${text}. `);
  });

  it('notices at its next look that the machine slept through the night', async () => {
    const clock = new FakeClock();
    let wallMs = openMs - 36_000_000;
    let came: boolean | undefined;
    void reached(openMs, { now: () => wallMs, speed: 1, clock, over: new Promise(() => undefined) }).then(
      (value) => (came = value),
    );
    clock.advance(1000);
    await settled();
    expect(came).toBeUndefined();
    wallMs = openMs + 5;
    clock.advance(1000);
    await settled();
    expect(came).toBe(true);
  });

  it('ends as soon as it is stopped, and leaves no timer', async () => {
    const clock = new FakeClock();
    let leave = (): void => undefined;
    const over = new Promise<void>((resolve) => (leave = resolve));
    const waiting = reached(openMs, { now: () => openMs - 36_000_000, speed: 1, clock, over });
    leave();
    expect(await waiting).toBe(false);
    expect(clock.nextOnceMs).toBeUndefined();
  });
});
