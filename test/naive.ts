/**
 * Candles again, by the plainest means: one thread, lists and BigInt, and nothing imported from `src`. The engine must agree with it
 * on every schedule, and so must a whole run with what a recording proxy heard.
 *
 * It implements docs/semantics.md, "From frame to tick", and docs/protocol.md 5 to 7, from the text and not from the code: its own decoder, its own
 * opening hours. Packets are given as bytes in the order of arrival.
 *
 * Not here: what needs the arrival clock. A frame that drags market time alone (more than 60 s ahead of what has elapsed) is refused
 * by the engine and would be used here: leave it out of the list. Nothing here seals, so revisions and lateness are not told.
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
  /** Number of the connection it came on; a connection that replaces another has a greater one. */
  readonly connection: number;
  /** Market ms between sending the subscription on this connection and this packet's arrival. */
  readonly marketMsSinceSubscribe: number;
  /** The same in real ms: differs where market time is accelerated. */
  readonly realMsSinceSubscribe: number;
  /**
   * Whether it was its instrument's first on the connection, where the list does not tell: others that came before it stand behind it
   * or, refused for their time, not at all.
   */
  readonly first?: boolean;
}

export interface NaiveOptions {
  readonly mode: NaiveMode;
  /** IST date of the market, `YYYY-MM-DD`. */
  readonly date: string;
  readonly instruments: readonly NaiveInstrument[];
  /** Spans of market time, epoch ms, in which nothing could be seen; they make candles partial. `toMs` may be Infinity. */
  readonly gaps?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** A candle. Prices in rupees. */
export interface NaiveCandle {
  /** Its label: start of the minute, epoch ms; the auction's is 15:29. */
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
  /** Whether a packet that only seeds, as the first on a connection, fell into the minute. */
  readonly seeded: boolean;
  /** What the volume may be wrong by, either way; null where nobody can say. */
  readonly volSlack: number | null;
  /** Whether high or low is the day's, moved between two packets. */
  readonly repaired: boolean;
  /** Distinct seconds of the minute that were told of, as a share; and the longest stretch without. Null for the auction. */
  readonly coverage: number | null;
  readonly maxAgeMs: number | null;
}

/** What became of an instrument's admitted packets. `reseeds` are among `noTrade`. */
export interface NaiveCounts {
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
  /** Labels of minutes with a seed. */
  readonly seeded: Set<number>;
  heardOn: number | undefined;
  last: { sequence: bigint; timeMs: number; price: bigint } | undefined;
  anchor: { volume: bigint; sequence: bigint; connection: number; exchangeMs: number } | undefined;
  range: { high: bigint; low: bigint };
  /** What was traded since the minute's last packet and told of outside the session, by label. */
  readonly ends: Map<number, number>;
  /** Seconds, in ms, that were told of, in the order in which they were, by label of their minute. */
  readonly told: Map<number, number[]>;
}

/** What the volume of a Quote or SnapQuote packet says: how much was traded since the anchor, or why that is unknown. */
function traded(book: Book, frame: Frame, connection: number, first: boolean): number | 'seed' | 'noTrade' {
  const usable = frame.volume >= 0n && frame.volume <= SAFE;
  const { anchor } = book;
  const older =
    anchor !== undefined && frame.sequence > 0n && anchor.sequence > 0n && frame.sequence < anchor.sequence;
  // On a new connection the packet behind the first anchors whatever its number: the counter may have begun anew.
  const anew = !first && anchor !== undefined && anchor.connection !== connection;
  if (usable && (!older || anew))
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

/** Notes that the minute of `exchangeMs` was told of in that second: later ones of a minute only, and no auction's. */
function hear(book: Book, date: string, exchangeMs: number, only?: number): void {
  const minute = minuteOf(book.instrument, date, exchangeMs);
  if (minute === undefined || minute.auction || (only !== undefined && only !== minute.labelMs)) return;
  const told = book.told.get(minute.labelMs) ?? [];
  book.told.set(minute.labelMs, told);
  if (told.length === 0 || exchangeMs > told.at(-1)!) told.push(exchangeMs);
}

/** One admitted packet. */
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
      // It anchored, so it is no older one.
      if (book.anchor !== before) hear(book, date, Number(frame.exchangeMs));
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
  hear(book, date, Number(frame.exchangeMs), minute.labelMs);
  const ticks = book.minutes.get(minute.labelMs) ?? [];
  book.minutes.set(minute.labelMs, ticks);
  const sinceMs = frame.mode === 1 ? undefined : before!.exchangeMs;
  // Between the end of the continuous trading and the auction's print nothing is traded.
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

/** What lies over the minute's edges: its own first rise, and that of the next minute with ticks where the packet before it was of this one. */
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

/** The candle of one minute's ticks, in order of arrival. */
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
  // What was no news when it came was shown before it; the rest no packet showed by then, and the order tells.
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
  const told = book.told.get(labelMs) ?? [];
  const marks = [minute.fromMs, ...told, minute.toMs];
  const ages = marks.slice(1).map((ms, k) => ms - marks[k]);
  const close = closing.price / scale;
  let gapMs = 0;
  for (const gap of options.gaps ?? [])
    gapMs += Math.max(0, Math.min(gap.toMs, minute.toMs) - Math.max(gap.fromMs, minute.fromMs));
  return {
    minuteMs: labelMs,
    // The auction is one print: what was told before it in its window is the old price.
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
    coverage: minute.auction ? null : told.length / 60,
    maxAgeMs: minute.auction ? null : highest(ages),
  };
}

/** Folds packets, in the order of arrival, into candles by symbol. Never throws for any bytes. */
export function naiveFold(packets: Iterable<NaivePacket>, options: NaiveOptions): NaiveResult {
  const books = options.instruments.map((instrument): Book => ({
    instrument,
    counts: { tick: 0, seed: 0, noTrade: 0, duplicate: 0, outOfSession: 0, reseeds: 0 },
    minutes: new Map(),
    seeded: new Set(),
    heardOn: undefined,
    last: undefined,
    anchor: undefined,
    range: { high: 0n, low: 0n },
    told: new Map(),
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
    // Also a packet that is refused was the cached one, if it came first.
    const first = packet.first ?? book.heardOn !== packet.connection;
    book.heardOn = packet.connection;
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
