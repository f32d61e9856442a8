/**
 * The end of a minute: time until the candles of all symbols are durable, and whether ticks wait meanwhile. Files hold
 * 374 rows, and the boundary adds the 375th.
 *
 *   schedule (12,000/s) ─► main: Intake ─► Router ══ ring ══► shard's thread     due-to-applied, by phase
 *                                 SEAL ──────────────► writer's thread     read, merge, encode, fsync, rename
 *
 * The writer is the real sink, by turns with the product's encoder and with another library's. What it wrote is read
 * back and held to memory.
 */
import { cpus } from 'node:os';
import { readCandles } from '../src/candles/read-candles.js';
import { candlesPath } from '../src/parquet/candles-file.js';
import { verifyCandles } from '../src/parquet/proof.js';
import type { Encoder, Sealed, SealTask } from './seal-writer.js';
import { rowOf, type Bench, type Row } from './row.js';
import { BEFORE, besideWriter, EDGE_MS, SEALED_BY_MS } from './ticking.js';

/** Real ms in which nothing is written, to compare with. */
const QUIET_MS = 1500;
/** Maximum latency of a tick after the boundary, as a multiple of one before it. */
const MAX_TIMES = 1.5;
const ENCODERS: readonly Encoder[] = ['parquetjs', 'hyparquet-writer'];

interface Boundary {
  readonly durableMs: number;
  readonly quietP99: number;
  readonly busyP99: number;
}

function boundary(symbols: number, encoder: Encoder, quietMs: number): Promise<Boundary> {
  return besideWriter(symbols, encoder, async ({ market, writer, task }) => {
    const { memories, places } = market.line.engine;
    // The rows before are written by the quicker of the two, and once by the one that is measured, so that its code
    // is loaded.
    await writer.run({ ...task, encoder: 'hyparquet-writer' } satisfies SealTask);
    await writer.run({ ...task, places: places.slice(0, 20) } satisfies SealTask);
    const quietP99 = await market.run(EDGE_MS - 50_000, (elapsedMs) => elapsedMs >= quietMs);
    await market.seal(BEFORE);
    let sealed: Sealed | undefined;
    const writing = (writer.run(task) as Promise<Sealed>).then((answer) => (sealed = answer));
    const busyP99 = await market.run(EDGE_MS + SEALED_BY_MS, () => sealed !== undefined);
    const { ms, rows } = await writing;
    if (rows !== symbols * (BEFORE + 1)) throw new Error(`seal: ${rows} rows of ${symbols} symbols`);
    for (const place of places) {
      const wrong = await verifyCandles(
        candlesPath(task.outDir, place.instrument),
        readCandles(memories[0], place, false).map(({ candle }) => candle),
      );
      if (wrong !== undefined) throw new Error(`seal: ${wrong}`);
    }
    return { durableMs: ms, quietP99, busyP99 };
  });
}

/** With fewer cores a third thread that is ready to run delays ticks, whatever it does (docs/performance.md). */
const TARGET_CORES = 4;

export const seal: Bench = {
  name: 'seal',
  topology:
    'schedule (12,000/s) -> main -> Router == ring ==> shard thread, meanwhile SEAL -> writer thread: memory -> Parquet of all symbols, durable, at row 375',
  async run({ smoke }) {
    const rows: Row[] = [];
    const hasCores = cpus().length >= TARGET_CORES;
    for (const symbols of smoke ? [5] : [50]) {
      const found = new Map<Encoder, Boundary[]>(ENCODERS.map((encoder) => [encoder, []]));
      for (let round = 0; round < (smoke ? 1 : 3); round++)
        for (const encoder of ENCODERS)
          found.get(encoder)!.push(await boundary(symbols, encoder, smoke ? 100 : QUIET_MS));
      const other = found.get('hyparquet-writer')!.map(({ durableMs }) => durableMs);
      for (const encoder of ENCODERS) {
        const values = found.get(encoder)!;
        rows.push(
          rowOf({
            name: `seal, ${symbols} symbols, ${encoder}, durable`,
            unit: 'ms',
            values: values.map(({ durableMs }) => durableMs),
            ...(encoder === 'parquetjs' ? { baseline: other } : {}),
          }),
          rowOf({
            name: `seal, ${symbols} symbols, ${encoder}, p99 to applied`,
            unit: 'us',
            values: values.map(({ busyP99 }) => busyP99),
            baseline: values.map(({ quietP99 }) => quietP99),
            ...(encoder === 'parquetjs' && !smoke && hasCores ? { target: 1 / MAX_TIMES } : {}),
          }),
        );
      }
    }
    return rows;
  },
};
