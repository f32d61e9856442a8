/** What naive.ts keeps of an instrument, and its candles. Imports nothing from `src`. */
import {
  closeOf,
  compare,
  minuteOf,
  TAIL,
  stampedIn,
  type Frame,
  type NaiveInstrument,
  type Tick,
} from './naive-frames.js';

export interface NaiveOptions {
  readonly mode: 1 | 2 | 3;
  /** IST date of the market, `YYYY-MM-DD`. */
  readonly date: string;
  readonly instruments: readonly NaiveInstrument[];
  /** Gaps in market time, epoch ms, which make candles partial. `toMs` may be Infinity. */
  readonly gaps?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** A candle. Prices in rupees. */
export interface NaiveCandle {
  /** Start of the minute, epoch ms; the auction's is 15:29. */
  readonly minuteMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly ticks: number;
  readonly priceChanges: number;
  readonly auction: boolean;
  /** Ms of its span, and of the tail after it, inside the gaps. */
  readonly gapMs: number;
  /** Whether a snapshot, such as the first packet on a connection, fell into the minute. */
  readonly seeded: boolean;
  /** Maximum error of the volume, in both directions; null where it is unknown. */
  readonly volSlack: number | null;
  /** Whether high or low is the day's, which moved between two packets. */
  readonly repaired: boolean;
  /** Share of the minute's seconds with a packet, and the longest time without one. Null for the auction. */
  readonly coverage: number | null;
  readonly maxAgeMs: number | null;
  readonly oiHigh: number | null;
  readonly oiLow: number | null;
  readonly oiClose: number | null;
  /** Whether a packet stamped after the end of continuous trading changed it. */
  readonly tail: boolean;
}

/** What became of an instrument's accepted packets. `reseeds` are part of `noTrade`. */
export interface NaiveCounts {
  tick: number;
  seed: number;
  noTrade: number;
  duplicate: number;
  outOfSession: number;
  reseeds: number;
  /** Volumes that the next packet took back; not part of the others. */
  strays: number;
}

interface Anchor {
  readonly volume: bigint;
  readonly sequence: bigint;
  readonly connection: number;
  /** Up to when the volume is complete: the packet's time, unless a trade's volume is still to come. */
  readonly exchangeMs: number;
  readonly pending: boolean;
  /** The packet itself. */
  readonly frame: Frame;
}

/** A volume that the next packet confirms or takes back. */
type Doubt =
  | { readonly kind: 'fall'; readonly volume: bigint; readonly exchangeMs: number }
  | {
      readonly kind: 'rise';
      readonly before: Anchor;
      /** Whether nothing but the volume tells of a trade. */
      readonly bare: boolean;
      readonly quantity: number;
      /** The minute of its tick, or the minute before the session's end. */
      readonly labelMs: number | undefined;
      /** Undefined outside the session. */
      readonly tick: Tick | undefined;
    };

/** Of the day, as the newest packet tells it, and the one before. */
export interface Range {
  readonly high: bigint;
  readonly low: bigint;
  readonly earlier: { readonly high: bigint; readonly low: bigint };
}

/** The range after a packet; 0 tells nothing. */
export const rangeAfter = (before: Range, high: bigint, low: bigint): Range => ({
  high: high > 0n ? high : before.high,
  low: low > 0n ? low : before.low,
  earlier: {
    high: high > 0n ? before.high : before.earlier.high,
    low: low > 0n ? before.low : before.earlier.low,
  },
});

export interface Book {
  readonly instrument: NaiveInstrument;
  readonly counts: NaiveCounts;
  readonly minutes: Map<number, Tick[]>;
  /** Labels of minutes with a snapshot. */
  readonly seeded: Set<number>;
  lastConnection: number | undefined;
  /** Of the packet that was accepted last. */
  acceptedPrice: bigint;
  last: { sequence: bigint; timeMs: number; price: bigint } | undefined;
  anchor: Anchor | undefined;
  doubt: Doubt | undefined;
  /** Since when a volume is pending, and how late volumes may be; ms. */
  late: { since: number; byMs: number };
  range: Range;
  /** Of the prices that packets showed, by sequence. */
  shown: { high: bigint; low: bigint };
  /** By label: quantity traded since the minute's last packet and reported outside the session. */
  readonly ends: Map<number, number>;
  /** By label: times of packets of the minute, ascending; the seconds of these times count as covered. */
  readonly seen: Map<number, number[]>;
  /** By label: open interest that packets of the minute told, in order. */
  readonly interest: Map<number, number[]>;
}

/**
 * Quantity that may belong to a neighbouring minute: this minute's first increase, or that of the next minute with
 * ticks if the packet before that increase was in this minute.
 */
function slackOf(
  book: Book,
  labelMs: number,
  ticks: readonly Tick[],
  toMs: number,
  date: string,
): number | null {
  if (book.anchor === undefined || book.anchor.exchangeMs < toMs) return null;
  const volumeOf = (label: number): number =>
    (book.minutes.get(label) ?? []).reduce((sum, { quantity }) => sum + quantity, 0);
  const labels = [...book.minutes.keys()].sort((a, b) => a - b);
  const endOf = [...new Set([...labels, ...book.ends.keys()])]
    .filter((label) => label <= labelMs)
    .sort((a, b) => b - a)
    .find((label) => volumeOf(label) > 0 || (book.ends.get(label) ?? 0) > 0);
  const own = Math.max(
    ticks.reduce((sum, { slack }) => sum + slack, 0),
    endOf === undefined ? 0 : (book.ends.get(endOf) ?? 0),
  );
  // Minutes of volume 0 have trades whose volume came later.
  const nextLabel = labels.find((label) => label > labelMs && volumeOf(label) > 0);
  const next = nextLabel === undefined ? [] : book.minutes.get(nextLabel)!.filter(({ slack }) => slack > 0);
  const since = next.map(({ sinceMs }) => stampedIn(book.instrument, date, sinceMs!)?.labelMs ?? Infinity);
  if (Math.min(...since) > labelMs) return own;
  return Math.max(
    own,
    next.reduce((sum, { slack }) => sum + slack, 0),
  );
}

/** The candle of one minute's ticks, which are in the order of arrival. */
export function candleOf(
  book: Book,
  labelMs: number,
  all: readonly Tick[],
  options: NaiveOptions,
): NaiveCandle {
  const ticks = all.filter(({ isTick }) => isTick);
  const scale = book.instrument.exchangeType === 13 ? 10_000_000 : 100;
  const minute = minuteOf(book.instrument, options.date, labelMs)!;
  let opening = ticks[0];
  for (const tick of ticks.slice(1)) if (compare(tick, opening) < 0) opening = tick;
  const shown = ticks.map((tick) => tick.price);
  const highest = (list: readonly number[]): number => list.reduce((a, b) => Math.max(a, b));
  const lowest = (list: readonly number[]): number => list.reduce((a, b) => Math.min(a, b));
  const told = all.filter(({ isTick, tail }) => isTick || tail).map((tick) => tick.price);
  const prices = [...told, ...all.flatMap(({ unshown }) => unshown)];
  // An extreme counts as repaired only if no earlier packet of the minute showed it.
  let repaired = false;
  let tail = false;
  let closing = ticks[0];
  let [high, low] = [shown[0], shown[0]];
  for (const tick of all) {
    if (tick.isTick || tick.tail) {
      const closes = compare(tick, closing) >= 0;
      tail ||=
        tick.tail &&
        (tick.isTick || tick.price > high || tick.price < low || (closes && tick.price !== closing.price));
      if (closes) closing = tick;
      high = Math.max(high, tick.price);
      low = Math.min(low, tick.price);
    }
    for (const price of tick.unshown) {
      repaired ||= price > high || price < low;
      high = Math.max(high, price);
      low = Math.min(low, price);
    }
  }
  const seen = book.seen.get(labelMs) ?? [];
  const interest = book.interest.get(labelMs) ?? [];
  const marks = [minute.fromMs, ...seen, minute.toMs];
  const ages = marks.slice(1).map((ms, k) => ms - marks[k]);
  const close = closing.price / scale;
  let gapMs = 0;
  // Where stamps pick the minute, the feed tells of the last one until its tail ends.
  const last = minute.toMs === closeOf(book.instrument, options.date);
  const toldUntil = minute.toMs + (last && options.mode !== 3 ? TAIL : 0);
  for (const gap of options.gaps ?? [])
    gapMs += Math.max(0, Math.min(gap.toMs, toldUntil) - Math.max(gap.fromMs, minute.fromMs));
  return {
    minuteMs: labelMs,
    // The auction is one print: packets before it in its window have the old price.
    open: minute.auction ? close : opening.price / scale,
    high: minute.auction ? close : highest(prices) / scale,
    low: minute.auction ? close : lowest(prices) / scale,
    close,
    volume: ticks.reduce((sum, tick) => sum + tick.quantity, 0),
    ticks: ticks.filter(({ uncounted }) => !uncounted).length,
    priceChanges: shown.filter((price, k) => k > 0 && price !== shown[k - 1]).length,
    auction: minute.auction,
    gapMs,
    seeded: book.seeded.has(labelMs),
    volSlack: slackOf(book, labelMs, ticks, minute.toMs, options.date),
    repaired,
    coverage: minute.auction ? null : new Set(seen.map((ms) => Math.floor(ms / 1000))).size / 60,
    maxAgeMs: minute.auction ? null : highest(ages),
    oiHigh: interest.length === 0 ? null : highest(interest),
    oiLow: interest.length === 0 ? null : lowest(interest),
    oiClose: interest.at(-1) ?? null,
    tail,
  };
}
