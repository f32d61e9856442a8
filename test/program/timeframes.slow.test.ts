/**
 * `--timeframes` on whole runs: the longer files against SQL over the files of one minute, a replay, and a run that was
 * killed. Broken on purpose and caught: a roll-up without the edges of its minutes, one that counts an auction as a
 * minute, and a replay that does not know the run's timeframes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { duckdb, inFolder } from '../parquet/candles.js';
import { istMs } from '../../src/market/session.js';
import { minutesOf, TIMEFRAMES, type Timeframe } from '../../src/market/timeframe.js';
import { longAfter, usual } from '../tier.js';
import { JOURNALED, run } from './command.js';
import { startHeld } from './pause.js';

const DATE = '2026-11-23';
const LONGER = TIMEFRAMES.slice(1);
const FEED = ['--feed', 'sim', '--speed', 'max', '--timeframes', TIMEFRAMES.join(), ...JOURNALED];
const stage = (...more: string[]): string[] => ['--ws-test-mode', '--stage', '2', ...FEED, ...more];

interface Row {
  readonly symbol: string;
  readonly start: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly source: string;
  readonly repaired: boolean;
}

/** Rows of a timeframe's files with their quality. */
const rowsOf = (out: string, timeframe: Timeframe): Promise<Row[]> =>
  duckdb(`SELECT symbol, epoch_ms(c.timestamp)::DOUBLE AS start, open, high, low, close, volume::DOUBLE AS volume, source, repaired
    FROM read_parquet('${out}/*_${timeframe}_test.parquet', filename = true) c
    JOIN read_parquet('${out}/quality/*_${timeframe}_quality.parquet', filename = true) q
      ON c.timestamp = q.timestamp
     AND parse_filename(q.filename) = replace(parse_filename(c.filename), '_test', '_quality')
    ORDER BY symbol, start, source`) as unknown as Promise<Row[]>;

/** The same by SQL over the files of one minute. */
function rolledUp(out: string, timeframe: Timeframe, opening: string): Promise<Row[]> {
  const open = istMs(DATE, opening);
  const length = minutesOf(timeframe) * 60_000;
  const start =
    timeframe === '1d' ? open : `${open} + floor((epoch_ms(c.timestamp) - ${open}) / ${length}) * ${length}`;
  const group =
    timeframe === '1d'
      ? `${open}`
      : `CASE WHEN source = 'auction' THEN epoch_ms(c.timestamp) ELSE ${start} END`;
  const own = timeframe === '1d' ? `'day'` : `CASE WHEN source = 'auction' THEN 'auction' ELSE 'minutes' END`;
  return duckdb(`SELECT symbol, (${group})::DOUBLE AS start, arg_min(open, c.timestamp) AS open, max(high) AS high,
      min(low) AS low, arg_max(close, c.timestamp) AS close, sum(volume)::DOUBLE AS volume, ${own} AS source, false AS repaired
    FROM read_parquet('${out}/*_1m_test.parquet', filename = true) c
    JOIN read_parquet('${out}/quality/*_1m_quality.parquet', filename = true) q
      ON c.timestamp = q.timestamp
     AND parse_filename(q.filename) = replace(parse_filename(c.filename), '_test', '_quality')
    GROUP BY ALL ORDER BY symbol, start, source`) as unknown as Promise<Row[]>;
}

/** Expects each longer file to be the roll-up of the minutes, but for a high or low that `repaired` explains. */
async function expectRolledUp(out: string, opening = '09:15'): Promise<number> {
  let edges = 0;
  for (const timeframe of LONGER) {
    const [rows, sums] = [await rowsOf(out, timeframe), await rolledUp(out, timeframe, opening)];
    expect(rows.length, timeframe).toBe(sums.length);
    expect(rows.length).toBeGreaterThan(0);
    for (const [k, row] of rows.entries()) {
      const sum = { ...sums[k], source: row.source, repaired: row.repaired };
      if (!row.repaired) expect(row).toEqual(sum);
      else {
        expect({ ...row, high: 0, low: 0 }).toEqual({ ...sum, high: 0, low: 0 });
        expect([row.high >= sum.high, row.low <= sum.low]).toEqual([true, true]);
        if (row.high > sum.high || row.low < sum.low) edges++;
      }
    }
  }
  return edges;
}

const filesOf = (out: string): Map<string, string> =>
  new Map(
    readdirSync(out, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.parquet'))
      .sort()
      .map((name) => [name, readFileSync(join(out, name)).toString('base64')]),
  );

interface Report {
  readonly output: { readonly hashes: Readonly<Record<string, string>> };
}

/** Expects a replay of the run in `folder` to write the same files, and its report to have the same hashes. */
async function expectReplayed(folder: string, shards: string): Promise<void> {
  const [journal] = readdirSync(join(folder, 'journal'));
  const replay = ['replay', join('journal', journal), '--out', 'again', '--shards', shards, '--json'];
  const { code, stdout } = await run(replay, folder);
  expect(code, stdout).toBe(0);
  const { hashes } = JSON.parse(stdout) as { hashes: Record<string, string> };
  const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
  expect(hashes).toEqual(report.output.hashes);
  expect(hashes['longer']).toMatch(/^[0-9a-f]{64}$/);
  expect(filesOf(join(folder, 'again'))).toEqual(filesOf(join(folder, 'out')));
}

describe('longer candles', () => {
  usual('are those of SQL over the minutes, from the opening on, and of a replay', () =>
    inFolder(async (folder) => {
      await run(
        stage('--mode', 'snapquote', '--subset', '4', '--at', `${DATE}T09:14:30`, '--wait-open', '--duration', '15', '--habit', 'rate=0.1'),
        folder,
      );
      expect(await expectRolledUp(join(folder, 'out'))).toBeGreaterThan(0);
      await expectReplayed(folder, '3');
    })); // prettier-ignore

  it.each(longAfter(1, ['snapquote', 'ltp']))('have the auction as one of their own, and in the day (%s)', (mode) =>
    inFolder(async (folder) => {
      const shadow = ['shadow', '--ws-test-mode', '--until-close', ...FEED, '--mode', mode, '--subset', '2', '--at', `${DATE}T15:05`];
      await run([...shadow, '--fault', 'drop:at=200'], folder);
      const out = join(folder, 'out');
      await expectRolledUp(out);
      const auctions = (await rowsOf(out, '1h')).filter(({ source }) => source === 'auction');
      expect(auctions.map(({ start }) => start)).toEqual([istMs(DATE, '15:29'), istMs(DATE, '15:29')]);
      const days = await rowsOf(out, '1d');
      expect(days.map(({ source, close }) => [source, close])).toEqual(
        auctions.map(({ close }) => ['continuous+auction', close]),
      );
      await expectReplayed(folder, '1');
    })); // prettier-ignore

  usual('begin with the session of their segment', () =>
    inFolder(async (folder) => {
      const symbols = ['--symbols', 'MCX:GOLD@fut', '--at', `${DATE}T20:00`, '--duration', '2'];
      await run(stage('--mode', 'snapquote', ...symbols), folder);
      await expectRolledUp(join(folder, 'out'), '09:00');
    })); // prettier-ignore

  usual('are mixed, and not partial, where a minute was polled', () =>
    inFolder(async (folder) => {
      const gap = ['--fault', 'drop:at=90', '--fault', 'refuse-429:at=90', '--back-fill'];
      await run(stage('--mode', 'snapquote', '--subset', '2', '--duration', '6', ...gap), folder);
      const out = join(folder, 'out');
      await expectRolledUp(out);
      const sources = (await rowsOf(out, '3m')).map(({ start, source }) => [start, source]);
      expect(sources.slice(0, 2)).toEqual([
        [istMs(DATE, '11:00'), 'mixed'],
        [istMs(DATE, '11:03'), 'continuous'],
      ]);
      await expectReplayed(folder, '2');
    })); // prettier-ignore

  usual('are those of SQL over the minutes in a run that was killed and resumed', () =>
    inFolder(async (folder) => {
      const args = stage('--mode', 'snapquote', '--subset', '2', '--duration', '5');
      const running = startHeld(args, folder, /^11:03 {2}/m);
      await running.held();
      running.child.kill('SIGKILL');
      await running.ended;
      const resume = [...args, '--resume', '--resume-after', '4'];
      const other = resume.map((arg) => (arg === TIMEFRAMES.join() ? '1m,5m' : arg));
      const refused = await run(other, folder);
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringMatching(/ had --timeframes 1m,3m,5m,15m,30m,1h,1d; without --resume a new run begins\.$/m),
      ]);
      expect((await run(resume, folder)).code).toBe(0);
      await expectRolledUp(join(folder, 'out'));
    })); // prettier-ignore
});

usual.each(['2m', '5m,', '5M'])('--timeframes %s is refused with one sentence', (text) =>
  inFolder(async (folder) => {
    const args = ['--ws-test-mode', '--stage', '1', '--duration', '5', '--feed', 'sim', '--timeframes', text];
    const { code, stderr } = await run(args, folder);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`not \`${text}\`.`)]);
  })); // prettier-ignore
