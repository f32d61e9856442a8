/**
 * A whole SnapQuote day of 3,000 instruments, what one client code may subscribe: memory, and the time in which the
 * writer's thread writes all files.
 *
 *   a process of its own: frames ─► Intake ─► Router ══ ring ══► Shard ─► memory ─► writer's thread ─► Parquet
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rowOf, type Bench } from './row.js';
import type { Capacity } from './capacity-day.js';

const INSTRUMENTS = 3000;
const MINUTES = 375;
/** Whose rows are new in the write that is timed. */
const STORE_MINUTES = 5;
/** MiB of the process. */
const MAX_RSS_MB = 350;
/** Above 200 instruments files are written every five minutes: one to spare. Real ms. */
const MAX_WRITE_MS = 4 * 60_000;
/** Bytes of shared memory for a minute of an instrument. */
const MAX_MINUTE_BYTES = 110;

export const capacity: Bench = {
  name: 'capacity',
  topology:
    'a process of its own: a SnapQuote day of 3,000 instruments -> Intake -> Router == ring ==> Shard -> memory -> writer thread -> Parquet',
  async run({ smoke }) {
    const args = smoke ? [100, 20] : [INSTRUMENTS, MINUTES];
    const { stdout } = await promisify(execFile)(process.execPath, [
      fileURLToPath(new URL('./capacity-day.js', import.meta.url)),
      ...args.map(String),
    ]);
    const day = JSON.parse(stdout) as Capacity;
    const [instruments] = args;
    if (day.rows !== instruments * STORE_MINUTES) throw new Error(`capacity: ${day.rows} rows`);
    const name = `capacity, ${instruments} instruments`;
    return [
      rowOf({ name: `${name}, a minute`, unit: 'bytes', values: [day.minuteBytes], bound: MAX_MINUTE_BYTES }),
      rowOf({ name: `${name}, RSS before writing`, unit: 'MiB', values: [day.filledMb] }),
      rowOf({
        name: `${name}, RSS while writing`,
        unit: 'MiB',
        values: [day.writtenMb],
        ...(smoke ? {} : { bound: MAX_RSS_MB }),
      }),
      rowOf({ name: `${name}, all files`, unit: 'ms', values: [day.writeMs], bound: MAX_WRITE_MS }),
    ];
  },
};
