/**
 * `--back-fill` and `tickshard backfill`: after a planted disconnect the files have the broker's true candles of the
 * gap minutes, and all else is that of the run without it. Broken on purpose and caught: polled rows over whole
 * minutes, rows that the journal does not have, a sum that is not written again, files that are not.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { listed, marketAt, at } from '../sim/world.js';
import { unpackedByDocument } from '../journal/unpacked-by-document.js';
import { entriesOf } from '../journal/made.js';
import { longAfter, usual } from '../tier.js';
import { run, start } from './command.js';
import { startHeld } from './pause.js';
import { expectSame, outcomeOf, rowsIn, stepped, type Outcome } from './stepped.js';

type Row = Readonly<Record<string, unknown>>;

/** The connection drops at 11:01:30, and the broker takes no other for a minute and more. */
const FAULTS = ['--fault', 'drop:at=90', '--fault', 'refuse-429:at=90'];
const args = (mode: string, ...more: readonly string[]): string[] =>
  stepped('--duration', '6', '--mode', mode, ...FAULTS, ...more);

const journalOf = (folder: string): string => join('journal', readdirSync(join(folder, 'journal'))[0]);
const hashesIn = (report: Record<string, unknown>): Record<string, string> =>
  (report['output'] as { hashes: Record<string, string> }).hashes;
/** DuckDB's text of a time is UTC. */
const minuteOf = ({ timestamp }: Row): string =>
  new Date(Date.parse(`${String(timestamp).slice(0, 16).replace(' ', 'T')}Z`) + 19_800_000)
    .toISOString()
    .slice(11, 16);
const isQuality = ({ file }: Row): boolean => String(file).startsWith('quality');
const qualityOf = (rows: readonly Row[], row: Row): Row =>
  rows.find(
    (one) =>
      isQuality(one) && one['timestamp'] === row['timestamp'] && String(one['file']).includes(symbolOf(row)),
  )!;
const symbolOf = ({ file }: Row): string => /NSE_(.+?)_/.exec(String(file))![1];

/** The candles of polled minutes, and all the other rows. */
function split(rows: readonly Row[]): { readonly polled: Row[]; readonly rest: Row[] } {
  const isPolled = (row: Row): boolean =>
    (isQuality(row) ? row : qualityOf(rows, row))['source'] === 'polled';
  return {
    polled: rows.filter((row) => !isQuality(row) && isPolled(row)),
    rest: rows.filter((row) => !isPolled(row)),
  };
}

/** Of the simulator's trades, made without a broker. */
function truth(hasVolume: boolean): Map<string, readonly unknown[]> {
  const market = marketAt('12:00', { seed: 7, listings: listed('RELIANCE', 'TCS') });
  const rows = [0, 1].flatMap((index) => market.trueCandles(index, '2026-11-23', at('12:00')));
  return new Map(
    rows.map(({ symbol, timestampMs, open, high, low, close, volume }) => [
      `${symbol} ${new Date(timestampMs + 19_800_000).toISOString().slice(11, 16)}`,
      [open, high, low, close, hasVolume ? volume : 0],
    ]),
  );
}

/** By mode: the run with and without a back-fill. */
const filled = new Map<string, Outcome>();
const plain = new Map<string, Outcome>();
const MODES = longAfter(1, ['snapquote', 'ltp']);
/** The folder of the run without one. */
let kept: string;
beforeAll(async () => {
  kept = mkdtempSync(join(tmpdir(), 'tickshard-back-fill-'));
  for (const mode of MODES) {
    plain.set(mode, await outcomeOf(args(mode), kept));
    filled.set(mode, await expectSame(args(mode, '--back-fill')));
  }
});
afterAll(() => rmSync(kept, { recursive: true, force: true }));

describe.each(MODES)('a run in %s mode', (mode) => {
  it('has the true candles of the minutes that the gap touched, and else what it has without', () => {
    const { rows, report, stdout } = filled.get(mode)!;
    const { polled, rest } = split(rows);
    const trueOnes = truth(mode === 'snapquote');
    expect(polled.map((row) => `${symbolOf(row)} ${minuteOf(row)}`).sort()).toEqual(
      ['RELIANCE', 'TCS'].flatMap((symbol) => ['11:00', '11:01', '11:02'].map((minute) => `${symbol} ${minute}`)),
    );
    for (const row of polled) {
      const [open, high, low, close, volume] = ['open', 'high', 'low', 'close', 'volume'].map((name) => Number(row[name]));
      expect([open, high, low, close, volume], minuteOf(row)).toEqual(trueOnes.get(`${symbolOf(row)} ${minuteOf(row)}`));
      expect(qualityOf(rows, row)).toMatchObject({ partial: false, vol_slack: null });
    }
    // Rows of other minutes are those of the run without a back-fill, partial ones at its edges too.
    const before = plain.get(mode)!;
    const labels = new Set(polled.map((row) => `${symbolOf(row)} ${minuteOf(row)}`));
    expect(rest).toEqual(before.rows.filter((row) => !labels.has(`${symbolOf(row)} ${minuteOf(row)}`)));
    expect(report['backFill']).toEqual({ minutes: 6, polled: 6, disagreed: 0, refused: 0, absent: 0, left: 0, requests: 4, notes: [] });
    expect(before.report['backFill']).toBeNull();
    expect(stdout).toContain('Back-fill: 6 of 6 minutes polled\n');
    const { polled: hash, ...seen } = hashesIn(report);
    expect(hashesIn(before.report)).toMatchObject(seen);
    expect(hashesIn(before.report)['polled']).not.toBe(hash);
    for (const name of ['symbols', 'unseen', 'momentum', 'counters']) expect(report[name]).toEqual(before.report[name]);
  }); // prettier-ignore
});

/** The run that `kept` has, back-filled by the command. */
const command = (folder: string, ...more: readonly string[]) =>
  run(['backfill', journalOf(folder), '--out', 'out', '--run-report', 'report.json', ...more], folder);

async function expectFilled(folder: string): Promise<void> {
  const { rows, report } = filled.get('snapquote')!;
  expect(await rowsIn(folder)).toEqual(rows);
  const replay = await run(
    ['replay', journalOf(folder), '--json', '--out', 'again', '--shards', '2'],
    folder,
  );
  expect(JSON.parse(replay.stdout)).toMatchObject({ same: true, problems: [], hashes: hashesIn(report) });
  const again = readdirSync(join(folder, 'again')).filter((name) => name.endsWith('.parquet'));
  for (const name of [...again, ...readdirSync(join(folder, 'again/quality')).map((one) => `quality/${one}`)])
    expect(
      readFileSync(join(folder, 'again', name)).equals(readFileSync(join(folder, 'out', name))),
      name,
    ).toBe(true);
}

const copied = (body: (folder: string) => Promise<void>): Promise<void> =>
  inFolder((folder) => {
    cpSync(kept, folder, { recursive: true });
    return body(folder);
  });

/** Environment in which the command kills itself when it renames the new segment: after that, or before. */
function killedAtRename(after: boolean): Record<string, string> {
  const module = `import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    import { isMainThread } from 'node:worker_threads';
    if (isMainThread && process.argv.includes('backfill')) {
      const { rename } = fs;
      fs.rename = async (from, to) => {
        const isSegment = String(to).endsWith('000002.journal');
        if (!isSegment || ${String(after)}) await rename(from, to);
        if (isSegment) process.kill(process.pid, 'SIGKILL');
      };
      syncBuiltinESMExports();
    }`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(module)}` };
}

describe('tickshard backfill', () => {
  usual.each(['raw', 'compacted'])('of a %s journal gives what --back-fill gives, once', (form) =>
    copied(async (folder) => {
      const run = join(folder, journalOf(folder));
      const packed = join(run, '000001.packed');
      const raw = join(run, '000001.journal');
      const isPacked = readdirSync(run).includes('000001.packed');
      if (form === 'raw' && isPacked) {
        writeFileSync(raw, unpackedByDocument(readFileSync(packed)));
        rmSync(packed);
      }
      expect(readdirSync(run)).toEqual([form === 'raw' || !isPacked ? '000001.journal' : '000001.packed']);
      const first = await command(folder);
      expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('Back-fill: 6 of 6 minutes polled\n6 polled minutes in the journal and in out; report report.json')]);
      expect(entriesOf(readFileSync(join(run, '000002.journal'))).map(({ kind }) => kind)).toEqual([16, 16, 16, 16, 16, 16, 14]);
      await expectFilled(folder);
      const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Record<string, unknown>;
      const expected = filled.get('snapquote')!.report;
      expect([report['backFill'], hashesIn(report)]).toEqual([expected['backFill'], hashesIn(expected)]);
      expect((report['sights'] as Row)['candles']).toEqual((expected['sights'] as Row)['candles']);
      const second = await command(folder, '--json');
      expect([second.code, second.stderr]).toEqual([0, '']);
      expect(JSON.parse(second.stdout)).toMatchObject({ figures: { minutes: 0, requests: 0 }, polled: 6, problems: [] });
      expect(readdirSync(run)).toHaveLength(2);
      expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(report);
    })); // prettier-ignore

  usual.each([
    ['before the journal has what it polled', false, '6 of 6 minutes polled'],
    ['when the journal has it and the files do not', true, 'Nothing to do'],
  ])('that is killed %s is finished by the next call', (_when, renamed, said) =>
    copied(async (folder) => {
      const before = await rowsIn(folder);
      const killed = start(['backfill', journalOf(folder), '--out', 'out'], folder, killedAtRename(renamed));
      expect((await killed.ended).code).toBeNull();
      expect(await rowsIn(folder)).toEqual(before);
      const segments = readdirSync(join(folder, journalOf(folder)));
      expect(segments.includes('000002.journal')).toBe(renamed);
      const next = await command(folder);
      expect([next.code, next.stdout]).toEqual([0, expect.stringContaining(said)]);
      await expectFilled(folder);
      const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Record<string, unknown>;
      expect(report['backFill']).toMatchObject({ minutes: 6, polled: 6 });
    })); // prettier-ignore

  usual('refuses in a sentence what it cannot do', () =>
    copied(async (folder) => {
      expect(await command(folder, '--feed', 'ws://127.0.0.1:1')).toMatchObject({ code: 2, stderr: expect.stringContaining("The run's feed was sim:7~bursts=off, whose broker is asked: leave --feed out.") as string });
      expect(await command(folder, '--tape', 'nowhere.csv')).toMatchObject({ code: 2 });
      expect(await run(['backfill', journalOf(folder), '--out', 'out', '--run-report', 'other.json'], folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('other.json') as string });
      expect(await run([...args('snapquote'), '--back-fill', '--no-journal'], folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('--back-fill and --no-journal exclude each other') as string });
    })); // prettier-ignore
});

describe('a run that polls', () => {
  usual('and is killed meanwhile leaves whole files; tickshard backfill or --resume finishes it', () =>
    inFolder(async (folder) => {
      const running = startHeld(args('snapquote', '--back-fill'), folder, /Back-fill: Asking again/);
      await running.held();
      running.child.kill('SIGKILL');
      await running.ended;
      // The simulator goes with its run.
      const rows = await rowsIn(folder);
      expect(rows.some((row) => row['source'] === 'polled')).toBe(false);
      await inFolder(async (other) => {
        cpSync(folder, other, { recursive: true });
        const { code, stdout } = await run(['backfill', journalOf(other), '--out', 'out'], other);
        expect([code, stdout]).toEqual([0, expect.stringContaining('6 of 6 minutes polled')]);
        expect(await rowsIn(other)).toEqual(filled.get('snapquote')!.rows);
      });
      const resumed = await run(args('snapquote', '--back-fill', '--resume', '--resume-after', '30'), folder);
      expect(resumed.stdout).toContain('Back-fill: 6 of 6 minutes polled');
      await expectFilled(folder);
    })); // prettier-ignore

  usual('and gets Ctrl-C ends the polling, not the run', () =>
    inFolder(async (folder) => {
      const running = startHeld(args('snapquote', '--back-fill'), folder, /Back-fill: Asking again/);
      await running.held();
      running.child.kill('SIGINT');
      running.release();
      const { code, stdout } = await running.ended;
      expect(code).toBe(1);
      expect(stdout).toMatch(/Back-fill: 0 of 6 minutes polled; left without an answer 6\nThe back-fill was interrupted\.\nVerdict: FAIL/);
      expect(await rowsIn(folder)).toEqual(plain.get('snapquote')!.rows);
      expect((await command(folder)).stdout).toContain('6 of 6 minutes polled');
      await expectFilled(folder);
    })); // prettier-ignore
});
