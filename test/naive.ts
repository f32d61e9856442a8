/**
 * A second, naive bar builder: one thread, lists and BigInt, and no import from `src`. The engine must agree with it on
 * every schedule, and a whole run must agree with it on the frames that a recording proxy saw.
 *
 * It implements docs/semantics.md, "From frame to tick", and docs/protocol.md 5 to 7 from the text, not from the code,
 * with its own decoder and opening hours. Its input is the bytes of the packets, in the order of arrival.
 *
 * It has no arrival clock. The engine refuses a lone frame whose time is more than 60 s ahead of the elapsed time; here
 * it would be used, so leave it out of the list. Nothing is sealed, so there are no revisions and no late ticks.
 */
import {
  closeOf,
  compare,
  DAY,
  decode,
  EXCHANGES,
  ist,
  MINUTE,
  minuteOf,
  SAFE,
  type Frame,
  type NaiveInstrument,
  type Tick,
} from './naive-frames.js';

export type { NaiveInstrument };
export type NaiveMode = 1 | 2 | 3;

/** One binary message. */
export interface NaivePacket {
  readonly bytes: Uint8Array;
  /** Number of its connection. A later connection has a greater one. */
  readonly connection: number;
  /** Market ms between sending the subscription on this connection and this packet's arrival. */
  readonly marketMsSinceSubscribe: number;
  /** The same in real ms, which differ in an accelerated market. */
  readonly realMsSinceSubscribe: number;
  /**
   * Whether it was its instrument's first on the connection. Needed only where the list does not show it, because
   * earlier ones are later in the list, or are missing because their time was refused.
   */
  readonly first?: boolean;
}

export interface NaiveOptions {
  readonly mode: NaiveMode;
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
  /** Ms of its span inside the gaps. */
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
}

/** What became of an instrument's accepted packets. `reseeds` are part of `noTrade`. */
interface NaiveCounts {
  tick: number;
  seed: number;
  noTrade: number;
  duplicate: number;
  outOfSession: number;
  reseeds: number;
}

export interface NaiveResult {
  /** By symbol, ascending by time; a symbol without a candle has an empty list. */
  readonly candles: ReadonlyMap<string, readonly NaiveCandle[]>;
  readonly counts: ReadonlyMap<string, NaiveCounts>;
  readonly refused: { length: number; mode: number };
  readonly unadmitted: { exchange: number; token: number; mode: number; price: number; time: number };
}

interface Book {
  readonly instrument: NaiveInstrument;
  readonly counts: NaiveCounts;
  readonly minutes: Map<number, Tick[]>;
  /** Labels of minutes with a snapshot. */
  readonly seeded: Set<number>;
  lastConnection: number | undefined;
  last: { sequence: bigint; timeMs: number; price: bigint } | undefined;
  anchor: { volume: bigint; sequence: bigint; connection: number; exchangeMs: number } | undefined;
  range: { high: bigint; low: bigint };
  /** By label: quantity traded since the minute's last packet and reported outside the session. */
  readonly ends: Map<number, number>;
  /** By label: times of packets of the minute, ascending; the seconds of these times count as covered. */
  readonly seen: Map<number, number[]>;
}

/** The quantity traded since the volume anchor, by a Quote or SnapQuote packet, or why it is unknown. */
function traded(book: Book, frame: Frame, connection: number, first: boolean): number | 'seed' | 'noTrade' {
  const usable = frame.volume >= 0n && frame.volume <= SAFE;
  const { anchor } = book;
  const older =
    anchor !== undefined && frame.sequence > 0n && anchor.sequence > 0n && frame.sequence < anchor.sequence;
  // On a new connection the second packet anchors, whatever its sequence: the counter may have restarted.
  const restarted = !first && anchor !== undefined && anchor.connection !== connection;
  if (usable && (!older || restarted))
    book.anchor = {
      volume: frame.volume,
      sequence: frame.sequence,
      connection,
      exchangeMs: Number(frame.exchangeMs),
    };
  if (first || anchor === undefined || anchor.connection !== connection) return 'seed';
  if (older || !usable) return 'noTrade';
  const rise = frame.volume - anchor.volume;
  if (rise < 0n) book.counts.reseeds++;
  return rise > 0n ? Number(rise) : 'noTrade';
}

/** Notes a packet's second as covered, if it is later than those before it in its minute. Not in an auction. */
function cover(book: Book, date: string, exchangeMs: number, only?: number): void {
  const minute = minuteOf(book.instrument, date, exchangeMs);
  if (minute === undefined || minute.auction || (only !== undefined && only !== minute.labelMs)) return;
  const seen = book.seen.get(minute.labelMs) ?? [];
  book.seen.set(minute.labelMs, seen);
  if (seen.length === 0 || exchangeMs > seen.at(-1)!) seen.push(exchangeMs);
}

/** Applies one accepted packet. */
function apply(book: Book, frame: Frame, packet: NaivePacket, first: boolean, date: string): void {
  const { counts } = book;
  const timeMs = frame.mode === 3 ? Number(frame.lastTradeSeconds) * 1000 : Number(frame.exchangeMs);
  const { last } = book;
  book.last = { sequence: frame.sequence, timeMs, price: frame.price };
  const repeated =
    last !== undefined &&
    frame.sequence > 0n &&
    last.sequence === frame.sequence &&
    last.timeMs === timeMs &&
    last.price === frame.price;
  let quantity = 1;
  const before = book.anchor;
  const older =
    before !== undefined && frame.sequence > 0n && before.sequence > 0n && frame.sequence < before.sequence;
  const beforeRange = { ...book.range };
  if (!older && frame.mode !== 1) {
    if (frame.dayHigh > 0n) book.range.high = frame.dayHigh;
    if (frame.dayLow > 0n) book.range.low = frame.dayLow;
  }
  const minute = minuteOf(book.instrument, date, timeMs);
  const seed = (): void => {
    counts.seed++;
    if (minute !== undefined) book.seeded.add(minute.labelMs);
  };
  if (frame.mode === 1) {
    const cached = first && !(packet.marketMsSinceSubscribe > 5000 && packet.realMsSinceSubscribe > 250);
    if (cached) return seed();
    if (repeated) return void counts.duplicate++;
  } else {
    const seeds = first || book.anchor?.connection !== packet.connection;
    if (repeated && !seeds) return void counts.duplicate++;
    const outcome = traded(book, frame, packet.connection, first);
    if (outcome === 'seed') return seed();
    if (outcome === 'noTrade') {
      // It became the anchor, so it is not an older one.
      if (book.anchor !== before) cover(book, date, Number(frame.exchangeMs));
      return void counts.noTrade++;
    }
    quantity = outcome;
  }
  if (minute === undefined) {
    const end =
      before === undefined || frame.mode === 1
        ? undefined
        : minuteOf(book.instrument, date, before.exchangeMs);
    if (end !== undefined) book.ends.set(end.labelMs, (book.ends.get(end.labelMs) ?? 0) + quantity);
    return void counts.outOfSession++;
  }
  counts.tick++;
  cover(book, date, Number(frame.exchangeMs), minute.labelMs);
  const ticks = book.minutes.get(minute.labelMs) ?? [];
  book.minutes.set(minute.labelMs, ticks);
  const sinceMs = frame.mode === 1 ? undefined : before!.exchangeMs;
  // Nothing is traded between the end of continuous trading and the auction's print.
  const straddles =
    sinceMs !== undefined && sinceMs < (minute.auction ? closeOf(book.instrument, date) : minute.fromMs);
  const unshown: number[] = [];
  const [price, low, high] = [frame.price, frame.dayLow, frame.dayHigh].map(Number);
  const sound = low <= price && price <= high && low >= 0.75 * price && high <= 1.25 * price;
  if (sinceMs !== undefined && !straddles && sound && !minute.auction) {
    if (beforeRange.high > 0n && frame.dayHigh > beforeRange.high) unshown.push(Number(frame.dayHigh));
    if (beforeRange.low > 0n && frame.dayLow < beforeRange.low) unshown.push(Number(frame.dayLow));
  }
  ticks.push({
    timeMs,
    connection: packet.connection,
    sequence: frame.sequence,
    price: Number(frame.price),
    quantity,
    slack: straddles ? quantity : 0,
    sinceMs,
    unshown,
  });
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
  const own = Math.max(
    ticks.reduce((sum, { slack }) => sum + slack, 0),
    book.ends.get(labelMs) ?? 0,
  );
  const nextLabel = [...book.minutes.keys()].filter((label) => label > labelMs).sort((a, b) => a - b)[0] as
    number | undefined;
  const next = nextLabel === undefined ? [] : book.minutes.get(nextLabel)!.filter(({ slack }) => slack > 0);
  const from = next.at(-1)?.sinceMs;
  if (from === undefined || minuteOf(book.instrument, date, from)?.labelMs !== labelMs) return own;
  return Math.max(
    own,
    next.reduce((sum, { slack }) => sum + slack, 0),
  );
}

/** The candle of one minute's ticks, which are in the order of arrival. */
function candleOf(book: Book, labelMs: number, ticks: readonly Tick[], options: NaiveOptions): NaiveCandle {
  const scale = book.instrument.exchangeType === 13 ? 10_000_000 : 100;
  const minute = minuteOf(book.instrument, options.date, ticks[0].timeMs)!;
  let opening = ticks[0];
  let closing = ticks[0];
  for (const tick of ticks.slice(1)) {
    if (compare(tick, opening) < 0) opening = tick;
    if (compare(tick, closing) >= 0) closing = tick;
  }
  const shown = ticks.map((tick) => tick.price);
  const highest = (list: readonly number[]): number => list.reduce((a, b) => Math.max(a, b));
  const lowest = (list: readonly number[]): number => list.reduce((a, b) => Math.min(a, b));
  const prices = [...shown, ...ticks.flatMap(({ unshown }) => unshown)];
  // An extreme counts as repaired only if no earlier packet of the minute showed it.
  let repaired = false;
  let [high, low] = [shown[0], shown[0]];
  for (const tick of ticks) {
    high = Math.max(high, tick.price);
    low = Math.min(low, tick.price);
    for (const price of tick.unshown) {
      repaired ||= price > high || price < low;
      high = Math.max(high, price);
      low = Math.min(low, price);
    }
  }
  const seen = book.seen.get(labelMs) ?? [];
  const marks = [minute.fromMs, ...seen, minute.toMs];
  const ages = marks.slice(1).map((ms, k) => ms - marks[k]);
  const close = closing.price / scale;
  let gapMs = 0;
  for (const gap of options.gaps ?? [])
    gapMs += Math.max(0, Math.min(gap.toMs, minute.toMs) - Math.max(gap.fromMs, minute.fromMs));
  return {
    minuteMs: labelMs,
    // The auction is one print: packets before it in its window have the old price.
    open: minute.auction ? close : opening.price / scale,
    high: minute.auction ? close : highest(prices) / scale,
    low: minute.auction ? close : lowest(prices) / scale,
    close,
    volume: ticks.reduce((sum, tick) => sum + tick.quantity, 0),
    ticks: ticks.length,
    priceChanges: shown.filter((price, k) => k > 0 && price !== shown[k - 1]).length,
    auction: minute.auction,
    gapMs,
    seeded: book.seeded.has(labelMs),
    volSlack: slackOf(book, labelMs, ticks, minute.toMs, options.date),
    repaired,
    coverage: minute.auction ? null : seen.length / 60,
    maxAgeMs: minute.auction ? null : highest(ages),
  };
}

/** Builds candles by symbol from packets in the order of arrival. Never throws, whatever the bytes. */
export function naiveFold(packets: Iterable<NaivePacket>, options: NaiveOptions): NaiveResult {
  const books = options.instruments.map((instrument): Book => ({
    instrument,
    counts: { tick: 0, seed: 0, noTrade: 0, duplicate: 0, outOfSession: 0, reseeds: 0 },
    minutes: new Map(),
    seeded: new Set(),
    lastConnection: undefined,
    last: undefined,
    anchor: undefined,
    range: { high: 0n, low: 0n },
    seen: new Map(),
    ends: new Map(),
  }));
  const refused = { length: 0, mode: 0 };
  const unadmitted = { exchange: 0, token: 0, mode: 0, price: 0, time: 0 };
  const byKey = new Map(
    books.map((book) => [`${book.instrument.exchangeType}:${book.instrument.token}`, book]),
  );
  const midnight = BigInt(ist(options.date, '00:00'));
  for (const packet of packets) {
    const frame = decode(packet.bytes);
    if (typeof frame === 'string') {
      refused[frame]++;
      continue;
    }
    if (!EXCHANGES.includes(frame.exchangeType)) {
      unadmitted.exchange++;
      continue;
    }
    const book = byKey.get(`${frame.exchangeType}:${frame.token}`);
    if (book === undefined) {
      unadmitted.token++;
      continue;
    }
    // A refused packet counts too: if it came first, it was the cached one.
    const first = packet.first ?? book.lastConnection !== packet.connection;
    book.lastConnection = packet.connection;
    const sent = frame.exchangeMs;
    const tradedMs = frame.lastTradeSeconds * 1000n;
    if (frame.mode !== options.mode) unadmitted.mode++;
    else if (frame.price <= 0n || frame.price > SAFE) unadmitted.price++;
    else if (sent < midnight - BigInt(DAY) || sent >= midnight + BigInt(2 * DAY)) unadmitted.time++;
    else if (frame.mode === 3 && (tradedMs < 0n || tradedMs > sent + BigInt(MINUTE))) unadmitted.time++;
    else apply(book, frame, packet, first, options.date);
  }
  const candles = new Map(
    books.map((book) => [
      book.instrument.symbol,
      [...book.minutes]
        .sort(([a], [b]) => a - b)
        .map(([labelMs, ticks]) => candleOf(book, labelMs, ticks, options)),
    ]),
  );
  return {
    candles,
    counts: new Map(books.map((book) => [book.instrument.symbol, book.counts])),
    refused,
    unadmitted,
  };
}
