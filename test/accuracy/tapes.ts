/** Bars of true trades (docs/tapes.md): naive, by this program, and by an oracle, at the rates of the real feed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ModeName } from '../../src/market/packet.js';
import type { TradingSession } from '../../src/market/session.js';
import { niftyFifty } from '../../src/run/universe.js';
import { readTape } from '../../src/sim/tape-file.js';
import type { Tape } from '../../src/sim/tape.js';
import { calendarDay } from './days.js';
import { byArrival, ours } from './folds.js';
import {
  add,
  framesOf,
  minuteOf,
  tradesOf,
  trueBars,
  type Bar,
  type DayOptions,
  type Frame,
} from './market.js';
import { oracleBars } from './oracle.js';
import { PRICES } from './table.js';
import { fitOf, type Fit } from './walk-fit.js';

/** Packets a second of an instrument: as measured (docs/feed-behaviour.md, "Measured"), and one. */
export const TAPE_FEEDS: readonly { readonly mode: ModeName; readonly rate: number }[] = [
  { mode: 'snapquote', rate: 1.5 },
  { mode: 'snapquote', rate: 1 },
  { mode: 'ltp', rate: 1 },
  { mode: 'ltp', rate: 0.7 },
];
export const TAPE_MAKERS = ['naive', 'tickshard', 'oracle'] as const;
/** In LTP mode only: `waiting` takes no price of a minute before one that differs from the price before. */
type Maker = (typeof TAPE_MAKERS)[number] | 'waiting';
type Price = (typeof PRICES)[number];

export interface TapeCell {
  readonly name: string;
  readonly mode: ModeName;
  readonly rate: number;
  readonly maker: Maker;
  minutes: number;
  /** Exact minutes, and the sum of distances in ticks. */
  readonly prices: Record<Price, { exact: number; sum: number }>;
  /** Sums of the errors and of the true volumes. */
  readonly volume: { error: number; of: number };
}

export interface TapeTable {
  readonly date: string;
  readonly machine: string;
  /** One for each tape. */
  readonly tapes: readonly {
    readonly name: string;
    readonly file: string;
    readonly trades: number;
    readonly minutes: number;
  }[];
  readonly cells: readonly TapeCell[];
  /** One for each tape. */
  readonly fits: readonly Fit[];
}

/** The date and the symbol that plays. */
const DATE = '2026-11-23';
const SYMBOL = 'RELIANCE';

function cellOf(name: string, { mode, rate }: (typeof TAPE_FEEDS)[number], maker: Maker): TapeCell {
  const none = (): { exact: number; sum: number } => ({ exact: 0, sum: 0 });
  const prices = { open: none(), high: none(), low: none(), close: none() };
  return { name, mode, rate, maker, minutes: 0, prices, volume: { error: 0, of: 0 } };
}

/** Adds one day's bars. A minute that the maker lacks is no minute of the cell. */
function judge(
  cell: TapeCell,
  truth: ReadonlyMap<number, Bar>,
  seen: ReadonlyMap<number, Bar>,
  tick: number,
): void {
  for (const [minute, bar] of truth) {
    const found = seen.get(minute);
    if (found === undefined) continue;
    cell.minutes++;
    for (const price of PRICES) {
      const distance = Math.abs(found[price] - bar[price]) / tick;
      if (distance === 0) cell.prices[price].exact++;
      cell.prices[price].sum += distance;
    }
    cell.volume.error += Math.abs(found.volume - bar.volume);
    cell.volume.of += bar.volume;
  }
}

/** Naive bars of LTP frames that begin with the first new price; of a minute without one, its repeated price. */
function waitingBars(session: TradingSession, frames: readonly Frame[]): Map<number, Bar> {
  const bars = new Map<number, Bar>();
  const repeated = new Map<number, Bar>();
  let before: number | undefined;
  for (const { arrivedMs, price } of frames) {
    const minute = minuteOf(session, arrivedMs);
    if (minute >= 0) add(price !== before || bars.has(minute) ? bars : repeated, minute, price, 1);
    before = price;
  }
  return new Map([...repeated, ...bars]);
}

/** Measures tapes one by one. */
export class TapeAccuracy {
  readonly #cells = new Map<string, TapeCell>();
  readonly #fits: Fit[] = [];
  readonly #tapes: { name: string; file: string; trades: number; minutes: number }[] = [];

  /** `name`: tapes of one name are counted together. */
  add(name: string, file: string, tape: Tape, seed = 1): void {
    const { session, previousDate } = calendarDay(DATE);
    const listing = niftyFifty().find(({ symbol }) => symbol === SYMBOL)!;
    const options: DayOptions = { seed, listing, session, previousDate, tape };
    const trades = tradesOf(options);
    const truth = trueBars(session, trades);
    // The first packet of all tells the day so far: its minute is partial.
    truth.delete(0);
    this.#fits.push(fitOf(file.split('.')[0], trades, options));
    this.#tapes.push({ name, file, trades: trades.ms.length, minutes: truth.size });
    const tick = Math.max(1, Math.round(listing.tickSizeRupees * 100));
    for (const feed of TAPE_FEEDS) {
      const frames = framesOf(options, trades, feed.rate, { book: 1 });
      const bars = {
        naive: byArrival(session, frames, feed.mode),
        tickshard: new Map(
          [...ours(listing, session, frames, feed.mode)].filter(([, { partial }]) => !partial),
        ),
        oracle: oracleBars(session, frames),
      };
      for (const maker of TAPE_MAKERS) judge(this.#cell(name, feed, maker), truth, bars[maker], tick);
      if (feed.mode === 'ltp')
        judge(this.#cell(name, feed, 'waiting'), truth, waitingBars(session, frames), tick);
    }
  }

  #cell(name: string, feed: (typeof TAPE_FEEDS)[number], maker: Maker): TapeCell {
    const key = `${name} ${feed.mode} ${feed.rate} ${maker}`;
    const cell = this.#cells.get(key) ?? cellOf(name, feed, maker);
    this.#cells.set(key, cell);
    return cell;
  }

  table(date: string, machine: string): TapeTable {
    return { date, machine, tapes: this.#tapes, cells: [...this.#cells.values()], fits: this.#fits };
  }
}

/** `btcusdt-spot-20240809.csv.gz` is of BTC. */
export function nameOf(file: string): string {
  return file.split(/[-.]/)[0].replace(/usdt$/i, '').toUpperCase();
}

/** All tapes of a folder, by name. Throws EngineError USAGE for a file that is no tape. */
export async function accuracyOf(folder: string, date: string, machine: string): Promise<TapeTable> {
  const files = readdirSync(folder)
    .filter((file) => /\.csv(?:\.gz)?$/.test(file))
    .sort();
  const accuracy = new TapeAccuracy();
  for (const file of files) {
    accuracy.add(nameOf(file), file, await readTape(join(folder, file)));
    console.log(file);
  }
  return accuracy.table(date, machine);
}
