/**
 * A process for kill.test.ts: writes ever newer revisions of an hour of a symbol into the folder given, until it is killed, or kills
 * itself before the rename of the number given (from 1).
 */
import { rename } from 'node:fs/promises';
import { ParquetSink } from '../../src/sink/sink.js';
import { IDENTITY, candleOf, noWait } from './candles.js';

const [, , outDir, lastRename] = process.argv;
let renames = 0;
const dyingRename = (from: string, to: string): Promise<void> => {
  if (++renames === Number(lastRename)) process.kill(process.pid, 'SIGKILL');
  return rename(from, to);
};
const sink = new ParquetSink({ outDir, identity: IDENTITY, wait: noWait, rename: dyingRename });
for (let round = 0; ; round++) {
  const rows = Array.from({ length: 60 }, (_, minute) => candleOf({ minute, close: 100 + round / 100, revision: round, late: round }));
  await sink.write({ exchange: 'NSE', symbol: 'RELIANCE' }, rows);
  process.stdout.write('.');
}
