/**
 * A day that is on disk already, again: from ticks to candles in Parquet, each as a command of its own, from its
 * start to its end.
 *
 *   journal (blocks of 8 frames) ─► tickshard replay ══ ring ══► shard ─► writer: 100 files, read back
 *   ticks.parquet ────────────────► DuckDB: one query with GROUP BY ────► one file of candles
 *
 * DuckDB compares the candles of both row by row. Both files were just written, so they are read from memory rather
 * than from the disk.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { monoMs } from '../src/clock.js';
import { shipped } from '../src/paths.js';
import { duckdb, inFolder } from '../test/parquet/candles.js';
import { OPEN_MS } from './market.js';
import { candlesOf, writeJournal, writeTicks, type ReplayMode } from './replay-ticks.js';
import { rowOf, type Bench, type Row } from './row.js';

/** A NIFTY 50 day in each mode, and twenty in LTP. */
const CASES = [
  { mode: 'ltp', count: 2_250_000, rounds: 3, target: undefined },
  { mode: 'snapquote', count: 2_250_000, rounds: 3, target: 0.25 },
  { mode: 'ltp', count: 45_000_000, rounds: 1, target: 0.4 },
] as const;
type Case = (typeof CASES)[number];
/** SnapQuote may take this many times as long as as many LTP frames. */
const TIMES_LTP = 1.5;

/** Frames of which a replay is all start and end. */
const FEW = 400;
/** Does nothing in as many threads as a replay. */
const EMPTY =
  "const { Worker } = require('node:worker_threads'); for (const _ of [1, 2]) new Worker('0', { eval: true });";

async function secondsOf(script: string, args: readonly string[], cwd: string): Promise<number> {
  const start = monoMs();
  await promisify(execFile)(process.execPath, [script, ...args], { cwd, maxBuffer: 1 << 24 });
  return (monoMs() - start) / 1000;
}

/** Rows in which our candles are not those of the query over the ticks; and how many there are. */
async function compare(
  mode: ReplayMode,
  ours: string,
  ticks: string,
): Promise<{ readonly rows: number; readonly different: number }> {
  const [found] = await duckdb(
    `WITH ours AS (SELECT CAST(substr(symbol, 4) AS BIGINT) AS symbol, (epoch_ms(timestamp) - ${OPEN_MS}) // 60000 AS minute, CAST(round(open * 100) AS BIGINT) AS open, CAST(round(high * 100) AS BIGINT) AS high, CAST(round(low * 100) AS BIGINT) AS low, CAST(round(close * 100) AS BIGINT) AS close, CAST(volume AS BIGINT) AS volume FROM '${ours}/*_1m_test.parquet'),
     theirs AS (${candlesOf(mode, ticks)})
     SELECT (SELECT count(*) FROM ours) AS rows, (SELECT count(*) FROM ours) + (SELECT count(*) FROM theirs) - 2 * (SELECT count(*) FROM (SELECT * FROM ours INTERSECT SELECT * FROM theirs)) AS different`,
  );
  return { rows: Number(found.rows), different: Number(found.different) };
}

/** Seconds by round: ours, and DuckDB. */
async function secondsIn(
  { mode }: Case,
  count: number,
  rounds: number,
): Promise<{ readonly ours: number[]; readonly duck: number[] }> {
  const program = fileURLToPath(shipped('dist/src/main.js'));
  const script = fileURLToPath(new URL('./replay-duck.js', import.meta.url));
  return inFolder(async (folder) => {
    const ticks = join(folder, 'ticks.parquet');
    await writeTicks(ticks, count);
    const journal = await writeJournal(folder, mode, count);
    const seconds = { ours: [] as number[], duck: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const out = join(folder, `out-${round}`);
      seconds.ours.push(await secondsOf(program, ['replay', journal, '--out', out, '--shards', '1'], folder));
      seconds.duck.push(
        await secondsOf(script, [mode, ticks, join(folder, `candles-${round}.parquet`)], folder),
      );
      if (round > 0) continue;
      const { rows: candles, different } = await compare(mode, out, ticks);
      if (different > 0 || candles === 0)
        throw new Error(`replay: ${different} of ${candles} candles are not those of a plain query`);
    }
    return seconds;
  });
}

/** The fixed part of a replay: threads, the Parquet library, 100 files durable and read back. */
function fixedPart(rounds: number): Promise<Row> {
  const program = fileURLToPath(shipped('dist/src/main.js'));
  return inFolder(async (folder) => {
    const journal = await writeJournal(folder, 'ltp', FEW);
    const [values, baseline]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const out = join(folder, `out-${round}`);
      values.push(await secondsOf(program, ['replay', journal, '--out', out, '--shards', '1'], folder));
      baseline.push(await secondsOf('-e', [EMPTY], folder));
    }
    return rowOf({
      name: 'replay ltp, 400 ticks; an empty Node of its threads',
      unit: 's',
      values,
      baseline,
    });
  });
}

export const replay: Bench = {
  name: 'replay',
  topology:
    'journal -> tickshard replay -> candles and quality in Parquet, read back; compared with DuckDB: ticks in Parquet -> GROUP BY -> candles in Parquet',
  async run({ smoke }) {
    const rows: Row[] = [await fixedPart(smoke ? 1 : 5)];
    const days: Partial<Record<ReplayMode, number[]>> = {};
    for (const one of smoke ? CASES.slice(0, 2) : CASES) {
      const count = smoke ? 50_000 : one.count;
      const { ours, duck } = await secondsIn(one, count, smoke ? 1 : one.rounds);
      days[one.mode] ??= ours;
      const name = `replay ${one.mode}, ${count / 1e6} M ticks`;
      rows.push(rowOf({ name, unit: 's', values: ours, baseline: duck, ...targetOf(one.target) }));
    }
    const { ltp = [], snapquote = [] } = days;
    rows.push(
      rowOf({
        name: 'replay snapquote vs ltp',
        unit: 's',
        values: snapquote,
        baseline: ltp,
        target: 1 / TIMES_LTP,
      }),
    );
    return rows;
  },
};

const targetOf = (target: number | undefined): { readonly target?: number } =>
  target === undefined ? {} : { target };
