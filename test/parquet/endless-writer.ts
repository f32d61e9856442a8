/**
 * A process for kill.slow.test.ts: writes newer and newer revisions of an hour of the given symbols into a folder,
 * until it is killed, or kills itself before the rename of the given number (from 1; 0 for never).
 */
import { rename } from 'node:fs/promises';
import { ParquetStore } from '../../src/parquet/store.js';
import { IDENTITY, candleOf, noWait } from './candles.js';

const [, , outDir, lastRename, ...symbols] = process.argv;
let renames = 0;
const dyingRename = (from: string, to: string): Promise<void> => {
  if (++renames === Number(lastRename)) process.kill(process.pid, 'SIGKILL');
  return rename(from, to);
};
const sink = new ParquetStore({ outDir, identity: IDENTITY, wait: noWait, rename: dyingRename });
for (let round = 0; ; round++) {
  const rows = (symbol: string) =>
    Array.from({ length: 60 }, (_, minute) =>
      candleOf({ symbol, minute, close: 100 + round / 100, revision: round, late: round }),
    );
  for (const outcome of await sink.writeAll(
    symbols.map((symbol) => ({ instrument: { exchange: 'NSE', symbol }, rows: rows(symbol) })),
  ))
    if (outcome instanceof Error) throw outcome;
  process.stdout.write('.');
}
