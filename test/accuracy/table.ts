/** The table: errors of bars by mode, rate and maker, and the targets that they must meet. */
import type { Listing } from '../../src/market/instrument.js';
import type { ModeName } from '../../src/market/packet.js';
import type { TradingSession } from '../../src/market/session.js';
import { bestCloses, byArrival, ours } from './folds.js';
import { framesOf, tradesOf, trueBars, type Bar, type DayOptions } from './market.js';

export const MODES = ['ltp', 'quote', 'snapquote'] as const satisfies readonly ModeName[];
/** Packets a second of an instrument. */
export const RATES = [1, 2, 4] as const;
/** As measured on the real feed, with its delays (docs/feed-behaviour.md, facts 1, 3 and 4). */
export const MEASURED_RATE = { ltp: 0.7, quote: 1.5, snapquote: 1.5 } as const satisfies Record<
  (typeof MODES)[number],
  number
>;
/** Rates of a mode: the measured one first. */
export const ratesOf = (mode: (typeof MODES)[number]): readonly number[] => [MEASURED_RATE[mode], ...RATES];
export const isMeasured = (mode: (typeof MODES)[number], rate: number): boolean =>
  rate === MEASURED_RATE[mode];
export const MAKERS = ['naive', 'tickshard'] as const;
export const PRICES = ['open', 'high', 'low', 'close'] as const;
export type Maker = (typeof MAKERS)[number];
type Price = (typeof PRICES)[number];

/** One price of a cell. Errors in ticks. */
interface PriceTally {
  exact: number;
  sum: number;
  worst: number;
}

export interface Cell {
  readonly mode: (typeof MODES)[number];
  readonly rate: number;
  readonly maker: Maker;
  /** True minutes that the maker has as whole bars. */
  minutes: number;
  /** Bars of minutes without a trade, and true minutes without a whole bar. */
  invented: number;
  missing: number;
  readonly prices: Record<Price, PriceTally>;
  /** Sums of the volume's errors and of the true volumes, and the number of exact minutes. */
  readonly volume: { error: number; of: number; exact: number };
  /** Minutes whose volume is within their `vol_slack`, of those that have one; and the sum of the slack. */
  readonly bound: { within: number; of: number; slack: number };
  /** Minutes whose slack is 0, and how many of them have the true close and volume. */
  readonly settled: { minutes: number; exact: number };
  repaired: number;
  /** Minutes whose close is the oracle's. */
  best: number;
}

const tally = (): PriceTally => ({ exact: 0, sum: 0, worst: 0 });

function cellOf(mode: Cell['mode'], rate: number, maker: Maker): Cell {
  return {
    mode, rate, maker, minutes: 0, invented: 0, missing: 0, prices: { open: tally(), high: tally(), low: tally(), close: tally() },
    volume: { error: 0, of: 0, exact: 0 }, bound: { within: 0, of: 0, slack: 0 }, settled: { minutes: 0, exact: 0 }, repaired: 0, best: 0,
  }; // prettier-ignore
}

export interface Table {
  readonly cells: readonly Cell[];
  /** Numbers of trades and frames. */
  readonly trades: number;
  readonly frames: number;
  readonly days: number;
}

interface Seen extends Bar {
  readonly partial?: boolean;
  readonly repaired?: boolean;
  readonly volSlack?: number | null;
}

function judge(
  cell: Cell,
  truth: ReadonlyMap<number, Bar>,
  seen: ReadonlyMap<number, Seen>,
  best: ReadonlyMap<number, number>,
  tick: number,
): void {
  for (const minute of seen.keys()) if (!truth.has(minute)) cell.invented++;
  for (const [minute, bar] of truth) {
    const found = seen.get(minute);
    if (found === undefined || found.partial === true) {
      cell.missing++;
      continue;
    }
    cell.minutes++;
    for (const price of PRICES) {
      const error = Math.abs(found[price] - bar[price]) / tick;
      const sum = cell.prices[price];
      if (error === 0) sum.exact++;
      sum.sum += error;
      sum.worst = Math.max(sum.worst, error);
    }
    const error = Math.abs(found.volume - bar.volume);
    cell.volume.error += error;
    cell.volume.of += bar.volume;
    if (error === 0) cell.volume.exact++;
    if (found.close === best.get(minute)) cell.best++;
    if (found.repaired === true) cell.repaired++;
    const { volSlack } = found;
    if (volSlack === undefined || volSlack === null) continue;
    cell.bound.of++;
    cell.bound.slack += volSlack;
    if (error <= volSlack) cell.bound.within++;
    if (volSlack > 0) continue;
    cell.settled.minutes++;
    if (error === 0 && found.close === bar.close) cell.settled.exact++;
  }
}

export class Accuracy {
  readonly #cells = new Map<string, Cell>();
  #trades = 0;
  #frames = 0;
  #days = 0;

  /** Adds one instrument's day, in every mode and at every rate. */
  add(options: DayOptions): void {
    const { listing, session } = options;
    const trades = tradesOf(options);
    const truth = trueBars(session, trades);
    this.#days++;
    this.#trades += trades.ms.length;
    for (const rate of new Set(MODES.flatMap(ratesOf))) {
      const modes = MODES.filter((mode) => ratesOf(mode).includes(rate));
      const isLate = modes.some((mode) => isMeasured(mode, rate));
      const frames = framesOf(options, trades, rate, { isLate });
      this.#frames += frames.length;
      for (const mode of modes) this.#addMode({ listing, session, mode, rate, truth, frames });
    }
  }

  #addMode({
    listing,
    session,
    mode,
    rate,
    truth,
    frames,
  }: {
    listing: Listing;
    session: TradingSession;
    mode: Cell['mode'];
    rate: number;
    truth: ReadonlyMap<number, Bar>;
    frames: ReturnType<typeof framesOf>;
  }): void {
    const tick = Math.max(1, Math.round(listing.tickSizeRupees * 100));
    const best = mode === 'ltp' ? new Map<number, number>() : bestCloses(session, frames, mode);
    judge(this.#cell(mode, rate, 'naive'), truth, byArrival(session, frames, mode), best, tick);
    judge(this.#cell(mode, rate, 'tickshard'), truth, ours(listing, session, frames, mode), best, tick);
  }

  #cell(mode: Cell['mode'], rate: number, maker: Maker): Cell {
    const key = `${mode} ${rate} ${maker}`;
    const cell = this.#cells.get(key) ?? cellOf(mode, rate, maker);
    this.#cells.set(key, cell);
    return cell;
  }

  get table(): Table {
    return { cells: [...this.#cells.values()], trades: this.#trades, frames: this.#frames, days: this.#days };
  }
}

/** Share of naive's error by which ours may be larger, which is within chance. */
const CHANCE = 0.01;
/**
 * Share of minutes whose volume may lie outside its bound at the measured rate: a trade is shown 1.5 s late and its
 * volume is held back, before any packet of the day showed that volumes are late.
 */
const LATE = 0.0001;
/** Share of minutes that may be partial for silence, at the measured rate. */
const QUIET = 0.001;
/** Share of minutes whose close must be the oracle's. */
const BEST = 0.999;

const share = (part: number, of: number): number => (of === 0 ? 1 : part / of);

/**
 * One sentence for each target that the table misses. `chance`: share of minutes by which naive may be exact more often
 * in a table of few symbols.
 */
export function missed({ cells }: Table, chance = 0): string[] {
  const failures: string[] = [];
  for (const cell of cells) {
    if (cell.maker === 'naive') continue;
    const where = `${cell.mode} at ${cell.rate} a second`;
    const naive = cells.find(
      ({ mode, rate, maker }) => mode === cell.mode && rate === cell.rate && maker === 'naive',
    )!;
    if (cell.mode !== 'ltp') {
      if (cell.bound.of < cell.minutes)
        failures.push(
          `${where}: ${cell.minutes - cell.bound.of} whole minutes have no bound of their volume.`,
        );
      if (cell.bound.within < cell.bound.of - (isMeasured(cell.mode, cell.rate) ? LATE * cell.minutes : 0))
        failures.push(
          `${where}: the volume of ${cell.bound.of - cell.bound.within} minutes lies outside its bound.`,
        );
      if (cell.settled.exact < cell.settled.minutes)
        failures.push(
          `${where}: ${cell.settled.minutes - cell.settled.exact} minutes without slack have not the true close and volume.`,
        );
      if (cell.volume.error > (1 + CHANCE) * naive.volume.error)
        failures.push(`${where}: volume has a larger error than naive.`);
    }
    if (cell.mode === 'snapquote' && share(cell.best, cell.minutes) < BEST)
      failures.push(
        `${where}: ${(100 * share(cell.best, cell.minutes)).toFixed(3)} % of closes are the best that could be told.`,
      );
    for (const price of PRICES) {
      const [own, other] = [cell.prices[price], naive.prices[price]];
      if (share(own.exact, cell.minutes) < share(other.exact, naive.minutes) - chance)
        failures.push(`${where}: ${price} is exact less often than naive.`);
      if (share(own.sum, cell.minutes) > (1 + CHANCE + 2 * chance) * share(other.sum, naive.minutes))
        failures.push(`${where}: ${price} has a larger error than naive.`);
    }
    // A connection that is silent for 15 s is a gap, and its minute partial: at low rates that happens by chance.
    const quiet = isMeasured(cell.mode, cell.rate) ? QUIET * cell.minutes : 0;
    if (cell.invented + cell.missing > naive.invented + naive.missing + quiet)
      failures.push(`${where}: more minutes are invented or missing than naive.`);
  }
  return failures;
}
