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
import { CANDLES, writeJournal, writeTicks } from './replay-ticks.js';
import { rowOf, type Bench, type Row } from './row.js';

/** A NIFTY 50 day in LTP mode, and twenty. */
const DAYS = [2_250_000, 45_000_000] as const;
/** Where ours is to be no slower. */
const LONG = 45_000_000;

async function secondsOf(script: string, args: readonly string[], cwd: string): Promise<number> {
  const start = monoMs();
  await promisify(execFile)(process.execPath, [script, ...args], { cwd, maxBuffer: 1 << 24 });
  return (monoMs() - start) / 1000;
}

/** Rows in which our candles are not those of the query over the ticks; and how many there are. */
async function compare(
  ours: string,
  ticks: string,
): Promise<{ readonly rows: number; readonly different: number }> {
  const [found] = await duckdb(
    `WITH ours AS (SELECT CAST(substr(symbol, 4) AS BIGINT) AS symbol, (epoch_ms(timestamp) - ${OPEN_MS}) // 60000 AS minute, CAST(round(open * 100) AS BIGINT) AS open, CAST(round(high * 100) AS BIGINT) AS high, CAST(round(low * 100) AS BIGINT) AS low, CAST(round(close * 100) AS BIGINT) AS close, volume FROM '${ours}/*_1m_test.parquet'),
     theirs AS (${CANDLES} FROM '${ticks}' GROUP BY ALL)
     SELECT (SELECT count(*) FROM ours) AS rows, (SELECT count(*) FROM ours) + (SELECT count(*) FROM theirs) - 2 * (SELECT count(*) FROM (SELECT * FROM ours INTERSECT SELECT * FROM theirs)) AS different`,
  );
  return { rows: Number(found.rows), different: Number(found.different) };
}

export const replay: Bench = {
  name: 'replay',
  topology:
    'journal -> tickshard replay -> candles and quality in Parquet, read back; compared with DuckDB: ticks in Parquet -> GROUP BY -> candles in Parquet',
  async run({ smoke }) {
    const rows: Row[] = [];
    const program = fileURLToPath(shipped('dist/src/main.js'));
    const duck = fileURLToPath(new URL('./replay-duck.js', import.meta.url));
    for (const count of smoke ? [50_000] : DAYS) {
      await inFolder(async (folder) => {
        const ticks = join(folder, 'ticks.parquet');
        await writeTicks(ticks, count);
        const journal = await writeJournal(folder, count);
        const seconds = { ours: [] as number[], duck: [] as number[] };
        for (let round = 0; round < (smoke ? 1 : count === LONG ? 1 : 3); round++) {
          const out = join(folder, `out-${round}`);
          seconds.ours.push(
            await secondsOf(program, ['replay', journal, '--out', out, '--shards', '1'], folder),
          );
          seconds.duck.push(await secondsOf(duck, [ticks, join(folder, `candles-${round}.parquet`)], folder));
          if (round > 0) continue;
          const { rows: candles, different } = await compare(out, ticks);
          if (different > 0 || candles === 0)
            throw new Error(`replay: ${different} of ${candles} candles are not those of a plain query`);
        }
        rows.push(
          rowOf({
            name: `replay, ${count / 1e6} M ticks`,
            unit: 's',
            values: seconds.ours,
            baseline: seconds.duck,
            ...(count === LONG ? { target: 1 } : {}),
          }),
        );
      });
    }
    return rows;
  },
};
