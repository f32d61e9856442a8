/**
 * A whole day, 6 h 15 min of 50 symbols, at full speed: whether memory grows, and whether a frame allocates anything
 * between decode and fold.
 *
 *   a process of its own: frames ─► Intake ─► Router ══ ring ══► Shard ─► candles
 *
 * Memory is read ten times a day, each time after a full garbage collection.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Soaked } from './soak-day.js';
import { rowOf, type Bench } from './row.js';

/** Frames of a NIFTY 50 day in LTP mode. */
const DAY = 2_250_000;
const LOOKS = 10;
/** The first looks see code being compiled and tables being touched for the first time. */
const SETTLED = 3;
/** MiB that the rest of a day may add: a page here and there is no slope. */
const NO_SLOPE_MB = 2;
/** Bytes of heap a frame below which nothing is allocated for each: the look itself takes some. */
const NOTHING_BYTES = 0.5;

async function day(count: number): Promise<Soaked> {
  // A young generation so large that nothing is collected within a part: the growth is what was allocated.
  const flags = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, fileURLToPath(new URL('./soak-day.js', import.meta.url)), String(count), String(LOOKS)],
    { maxBuffer: 1 << 20 },
  );
  const soaked = JSON.parse(stdout) as Soaked;
  if (soaked.answer !== soaked.expected)
    throw new Error(`soak: ${soaked.answer} where a plain fold has ${soaked.expected}`);
  if (soaked.controlBytes < 8) throw new Error('soak: what allocates on purpose was not seen to');
  return soaked;
}

export const soak: Bench = {
  name: 'soak',
  topology:
    'a process of its own: a day of frames -> Intake -> Router == ring ==> Shard, looked at ten times with all garbage collected',
  async run({ smoke }) {
    const days: Soaked[] = [];
    for (let round = 0; round < (smoke ? 1 : 3); round++) days.push(await day(smoke ? 50_000 : DAY));
    const grown = days.map(({ rssMb }) => rssMb[rssMb.length - 1] - rssMb[SETTLED]);
    return [
      rowOf({ name: 'soak, RSS added by the rest of a day', unit: 'MiB', values: grown, bound: NO_SLOPE_MB }),
      rowOf({
        name: 'soak, heap a frame',
        unit: 'bytes',
        values: days.map(({ bytesPerFrame }) => Math.max(0, bytesPerFrame)),
        bound: NOTHING_BYTES,
      }),
    ];
  },
};
