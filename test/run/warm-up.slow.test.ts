/**
 * `--warm-up`: momentum evaluates from the first minute, the ledger has the calls, and a refusal does not end the run.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../src/market/instrument.js';
import { istMs } from '../../src/market/session.js';
import { windowOf } from '../../src/run/warm-up.js';
import { shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';
import { CALENDAR, listed } from '../sim/world.js';
import { run, simulated, start } from '../program/command.js';
import { startHeld } from '../program/pause.js';
import { startServer } from '../program/server.js';
import { firstOf, slow } from '../tier.js';

interface Report {
  readonly verdict: string;
  readonly gates: readonly { readonly id: string; readonly status: string; readonly observed: string }[];
  readonly momentum: { readonly evaluations: number; readonly notes: readonly string[] };
  readonly network: {
    readonly connections: readonly { readonly purpose: string; readonly phase: string }[];
    readonly restCalls: readonly { readonly path: string; readonly phase: string }[];
    readonly restCallsDuringRun: number;
  };
}

const reportIn = (folder: string): Report =>
  JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
const gateOf = (report: Report, id: string) => report.gates.find((gate) => gate.id === id)!;
const sim = (...more: readonly string[]): string[] =>
  simulated(2, 3, '--symbols', 'RELIANCE,TCS,M&M', '--report', 'report.json', ...more);

describe('a warm-up', () => {
  it.each(firstOf(1, ['quote', 'snapquote']))('in %s mode is polled before the feed opens, with one log-in for both, and is in the journal', (mode) =>
    inFolder(async (folder) => {
      const { code, stdout } = await run(sim('--mode', mode, '--warm-up'), folder);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Warm-up: asking for the earlier candles of 3 symbols, two a second\.\nWarm-up: 312 candles of 3 symbols, until 2026-11-23 10:58, by 3 requests/);
      const report = reportIn(folder);
      expect(report.momentum.evaluations).toBe(6);
      expect(gateOf(report, 'momentum')).toMatchObject({ status: 'pass' });
      expect(gateOf(report, 'no-rest')).toMatchObject({ status: 'pass', observed: expect.stringContaining('4 calls before the run, 3 of them for the warm-up, 0 calls during it') as string });
      expect(report.network.restCallsDuringRun).toBe(0);
      expect(report.network.restCalls.map(({ phase }) => phase)).toEqual(['log-in', 'warm-up', 'warm-up', 'warm-up']);
      expect(report.network.connections.map(({ purpose }) => purpose)).toEqual(['log-in', 'candles', 'candles', 'candles', 'feed']);
      const [journal] = /data\/test\/journal\/[\w-]+/.exec(readFileSync(join(folder, 'report.json'), 'utf8'))!;
      const replay = await run(['replay', journal], folder);
      expect(replay.stdout).toContain("Same candles, quality rows and momentum as the run's.");
    })); // prettier-ignore

  slow('is merged with the files of --history, as pandas writes them', () =>
    inFolder(async (folder) => {
      copyFileSync(fileURLToPath(shipped('test/parquet/files/pandas-offset.parquet')), join(folder, 'NSE_M&M_1m.parquet'));
      const args = ['--ws-test-mode', '--stage', '2', '--symbols', 'M&M', '--duration', '2', '--feed', 'sim', '--speed', 'max', '--mode', 'snapquote', '--at', '2026-11-17T09:18', '--report', 'report.json', '--history', '.'];
      const { code } = await run([...args, '--warm-up'], folder);
      expect(code).toBe(0);
      const report = reportIn(folder);
      expect(report.momentum.evaluations).toBe(1);
      // The run starts so early that the previous trading day is polled, too.
      expect(report.momentum.notes[0]).toMatch(/^Warm-up: 363 candles of 1 symbol, until 2026-11-17 09:16,/);
      expect(gateOf(report, 'schema')).toMatchObject({ status: 'pass' });
    })); // prettier-ignore

  slow('that the broker refuses is a note, and the run continues without it', () =>
    inFolder(async (folder) => {
      // The server answers every call like a log-in, whose data is not a list of candles.
      const server = await startServer({ onSubscribe: () => undefined });
      try {
        const running = start(['--ws-test-mode', '--stage', '1', '--duration', '1', '--mode', 'quote', '--warm-up', '--feed', server.url, '--market-clock', '2026-11-23T11:00@60', '--report', 'report.json'], folder);
        await running.saw(/Warm-up: 0 candles of 1 symbol, by \d requests/);
        const { stdout } = await running.ended;
        expect(stdout).toContain('Warm-up: no earlier candles of RELIANCE: momentum waits for twenty of our own there.');
        expect(reportIn(folder).momentum.notes.join(' ')).toContain('did not give the candles of RELIANCE (an answer without a list of candles), several times.');
        expect(server.calls.filter((call) => call.includes('loginByPassword'))).toHaveLength(1);
      } finally {
        await server.close();
      }
    })); // prettier-ignore

  slow('is interrupted by Ctrl-C', () =>
    inFolder(async (folder) => {
      const args = ['--ws-test-mode', '--stage', '2', '--duration', '3', '--mode', 'quote', '--warm-up', '--feed', 'sim', '--speed', 'max', '--report', 'report.json'];
      const running = startHeld(args, folder, /asking for the earlier candles of 50 symbols/);
      await running.held();
      running.child.kill('SIGINT');
      running.release();
      const { code, stdout } = await running.ended;
      expect(code).toBe(130);
      expect(stdout).toMatch(/Interrupted[\s\S]*Verdict: INTERRUPTED/i);
    })); // prettier-ignore
});

describe('the window of a warm-up', () => {
  const instrument: Instrument = { ...listed('RELIANCE')[0], index: 0 };
  const day = CALENDAR.of('NSE').day('2026-11-23', true);
  const previousOpenMs = CALENDAR.of('NSE').lastOpenMs(istMs('2026-11-23', '09:15'), true);
  const windowAt = (time: string, previous: number | undefined = previousOpenMs): string | undefined => {
    if (day.kind !== 'open') throw new Error('a trading day');
    const found = windowOf(
      { sessionOf: () => day.session, previousOpenMs: () => previous },
      instrument,
      istMs('2026-11-23', time),
    );
    return (
      found &&
      [found.fromMs, found.toMs].map((ms) => new Date(ms + 19_800_000).toISOString().slice(5, 16)).join(' ')
    );
  };

  it.each([
    ['11:00:09', '11-23T09:15 11-23T10:58'],
    ['11:00:10', '11-23T09:15 11-23T10:59'],
    ['09:45:10', '11-23T09:15 11-23T09:44'],
    ['09:45:09', '11-20T09:15 11-23T09:43'],
    ['09:10', '11-20T09:15 11-23T09:08'],
  ])('at %s is %s', (time, window) => expect(windowAt(time)).toBe(window));

  it('is empty when the previous day is unknown', () => {
    expect(CALENDAR.of('NSE').lastOpenMs(istMs('2026-11-23', '09:15'), true)).toBe(
      istMs('2026-11-20', '09:15'),
    );
    if (day.kind !== 'open') throw new Error('a trading day');
    expect(
      windowOf(
        { sessionOf: () => day.session, previousOpenMs: () => undefined },
        instrument,
        istMs('2026-11-23', '09:16'),
      ),
    ).toBeUndefined();
  });
});
