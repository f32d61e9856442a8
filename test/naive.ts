/**
 * A second, naive bar builder: one thread, lists and BigInt, and no import from `src`. The engine must agree with it on
 * every schedule, and a whole run must agree with it on the frames that a recording proxy saw.
 *
 * It implements docs/semantics.md, "From frame to tick", and docs/protocol.md 5 to 7 from the text, not from the code,
 * with its own decoder and opening hours. Its input is the bytes of the packets, in the order of arrival.
 *
 * It has no arrival clock. The engine refuses a lone frame whose time is more than 60 s ahead of the elapsed time; here
 * it would be used, so leave it out of the list. Nothing is sealed, so there are no revisions and no late ticks;
 * packets tell what was sealed before, for the one rule that needs it.
 */
import {
  candleOf,
  rangeAfter,
  type Book,
  type NaiveCandle,
  type NaiveCounts,
  type NaiveOptions,
} from './naive-candles.js';
import { NaiveCounters } from './naive-counters.js';
import { learnLateness, settle } from './naive-doubt.js';
import {
  closeOf,
  openOf,
  stampedIn,
  tailOf,
  DAY,
  decode,
  hasSoundRange,
  EXCHANGES,
  ist,
  MINUTE,
  minuteOf,
  SAFE,
  type Frame,
  type NaiveInstrument,
  type NaivePacket,
  type Tick,
} from './naive-frames.js';

export type { NaiveCandle, NaiveInstrument, NaiveOptions, NaivePacket };
export type NaiveMode = 1 | 2 | 3;

export interface NaiveResult {
  /** By symbol, ascending by time; a symbol without a candle has an empty list. */
  readonly candles: ReadonlyMap<string, readonly NaiveCandle[]>;
  readonly counts: ReadonlyMap<string, NaiveCounts>;
  readonly refused: { length: number; mode: number };
  readonly unadmitted: {
    exchange: number;
    token: number;
    mode: number;
    price: number;
    time: number;
    sequence: number;
  };
}

/** When the packet says that its last trade was, where its mode does. */
const tradeMsOf = (frame: Frame): number =>
  frame.mode === 3 ? Number(frame.lastTradeSeconds) * 1000 : Number(frame.exchangeMs);

/** The minute of the trades that a packet tells of. In Quote mode the last one has a tail. */
const tradedIn = (book: Book, frame: Frame, date: string): ReturnType<typeof minuteOf> =>
  (frame.mode === 2 ? stampedIn : minuteOf)(book.instrument, date, tradeMsOf(frame));

/** What a packet tells of trades since the anchor: their quantity, 0 if it is still to come, or why there are none. */
type Told =
  { readonly quantity: number; readonly older: boolean; readonly bare: boolean } | 'seed' | 'noTrade';

/** Whether the frame is older by number than the newest before; not if its counter restarted. */
const isOlder = ({ sequence, exchangeMs }: Frame, { anchor }: Book): boolean =>
  anchor !== undefined &&
  sequence > 0n &&
  anchor.sequence > 0n &&
  sequence < anchor.sequence &&
  anchor.sequence - sequence <= 1_000_000n &&
  exchangeMs <= anchor.frame.exchangeMs;

const isUsable = (book: Book, frame: Frame, date: string): boolean =>
  frame.volume >= 0n && frame.volume <= SAFE && !isUntold(book, frame, date);

/** Whether a packet after the first minute says that nothing was traded, with a range of prices that were. */
function isUntold(book: Book, frame: Frame, date: string): boolean {
  const { volume, dayHigh, dayLow } = frame;
  const late = tradeMsOf(frame) >= openOf(book.instrument, date) + MINUTE;
  return volume === 0n && dayLow > 0n && dayHigh > dayLow && late;
}

function show({ shown }: Book, { price }: Frame): void {
  if (price > shown.high) shown.high = price;
  if (price < shown.low || shown.low === 0n) shown.low = price;
}

/** Judges a Quote or SnapQuote packet, and makes it the anchor if it may be. */
function traded(
  book: Book,
  frame: Frame,
  {
    connection,
    first,
    date,
    rangeMoved,
  }: { connection: number; first: boolean; date: string; rangeMoved: boolean },
): Told {
  const usable = isUsable(book, frame, date);
  const { anchor } = book;
  const older = isOlder(frame, book);
  // On a new connection the second packet anchors, whatever its sequence: the counter may have restarted.
  const seeds = first || anchor === undefined || anchor.connection !== connection;
  const restarted = !first && seeds;
  const rise = seeds || !usable ? 0n : frame.volume - anchor.volume;
  const evidence =
    !seeds &&
    (frame.lastQuantity !== anchor.frame.lastQuantity ||
      (frame.mode === 3 && frame.lastTradeSeconds > anchor.frame.lastTradeSeconds));
  const sentMs = Number(frame.exchangeMs);
  if (!usable && !seeds && !older) {
    learnLateness(book, sentMs, evidence || anchor.pending, false);
    book.doubt = undefined;
    book.anchor = { ...anchor, sequence: frame.sequence, frame, pending: evidence || anchor.pending };
    show(book, frame);
  }
  if (usable && (!older || restarted)) {
    const pending =
      !seeds &&
      (rise > 0n
        ? evidence && rise < frame.lastQuantity + (anchor.pending ? anchor.frame.lastQuantity : 0n)
        : evidence || anchor.pending);
    const seen = { sequence: frame.sequence, frame };
    if (!seeds) learnLateness(book, sentMs, pending, rise > 0n);
    book.doubt = undefined;
    if (rise < 0n) {
      book.doubt = { kind: 'fall', volume: frame.volume, exchangeMs: sentMs };
      book.anchor = { ...anchor!, ...seen, pending: evidence || anchor!.pending };
    } else {
      const exchangeMs = pending ? anchor.exchangeMs : sentMs - book.late.byMs;
      book.anchor = { ...seen, volume: frame.volume, connection, exchangeMs, pending };
    }
    show(book, frame);
  }
  if (seeds) return 'seed';
  const minute = tradedIn(book, frame, date);
  const continuous = minute !== undefined && !minute.auction;
  if (older) {
    const sent = stampedIn(book.instrument, date, Number(frame.exchangeMs));
    const own = frame.mode === 3 && continuous && sent?.labelMs === minute.labelMs && !sent.auction;
    if (own) book.doubt = undefined;
    return own ? { quantity: 0, older, bare: false } : 'noTrade';
  }
  if (rise > 0n) return { quantity: Number(rise), older, bare: !evidence };
  const priced = evidence && (frame.price !== anchor.frame.price || rangeMoved) && continuous;
  return priced ? { quantity: 0, older, bare: false } : 'noTrade';
}

/** Notes a packet's second as covered, if it is later than those before it in its minute. Not in an auction. */
function cover(book: Book, date: string, { exchangeMs: at, openInterest }: Frame, only?: number): void {
  const exchangeMs = Number(at);
  const minute = minuteOf(book.instrument, date, exchangeMs);
  if (minute === undefined || minute.auction || (only !== undefined && only !== minute.labelMs)) return;
  const told = book.interest.get(minute.labelMs) ?? [];
  if (openInterest > 0n && openInterest < 1n << 53n) told.push(Number(openInterest));
  book.interest.set(minute.labelMs, told);
  const seen = book.seen.get(minute.labelMs) ?? [];
  book.seen.set(minute.labelMs, seen);
  if (seen.length === 0 || exchangeMs > seen.at(-1)!) seen.push(exchangeMs);
}

/** Extremes that the packet's day range tells of the time since the packet before, where it is sound. */
function unshownIn(before: Book['range'], shown: Book['shown'], frame: Frame): number[] {
  const [low, high] = [frame.dayLow, frame.dayHigh].map(Number);
  if (!hasSoundRange(frame)) return [];
  const tops = [before.high, before.earlier.high, shown.high];
  const bottoms = [before.low, before.earlier.low || before.low, shown.low];
  return [
    ...(before.high > 0n && tops.every((top) => frame.dayHigh > top) ? [high] : []),
    ...(before.low > 0n && bottoms.every((bottom) => frame.dayLow < bottom) ? [low] : []),
  ];
}

/** Applies one accepted packet. */
function apply(book: Book, frame: Frame, packet: NaivePacket, first: boolean, date: string): void {
  const { counts } = book;
  const timeMs = tradeMsOf(frame);
  const { last } = book;
  book.last = { sequence: frame.sequence, timeMs, price: frame.price };
  const repeated =
    last !== undefined &&
    frame.sequence > 0n &&
    last.sequence === frame.sequence &&
    last.timeMs === timeMs &&
    last.price === frame.price;
  const minute = minuteOf(book.instrument, date, timeMs);
  /** The price, if new, of a packet of the tail that is no tick. Nothing is made of a minute without ticks. */
  const closeLate = (before: bigint | undefined, unshown: readonly number[]): boolean => {
    const label = frame.mode === 3 ? undefined : tailOf(book.instrument, date, timeMs);
    const ticks = label === undefined ? undefined : book.minutes.get(label);
    const lastMs = closeOf(book.instrument, date) - MINUTE;
    if (ticks === undefined || frame.price === before || !ticks.some((tick) => tick.timeMs >= lastMs))
      return false;
    ticks.push({ ...tickOf(frame, packet, 0), unshown, isTick: false, tail: true });
    return true;
  };
  const seed = (): void => {
    counts.seed++;
    if (minute !== undefined) book.seeded.add(minute.labelMs);
  };
  if (frame.mode === 1) {
    const cached = first && !(packet.marketMsSinceSubscribe > 5000 && packet.realMsSinceSubscribe > 250);
    if (cached) return seed();
    if (repeated) return void counts.duplicate++;
    if (minute === undefined) {
      counts.outOfSession++;
      return void closeLate(last?.price, []);
    }
    counts.tick++;
    cover(book, date, frame, minute.labelMs);
    return addTick(book, minute.labelMs, tickOf(frame, packet, 1));
  }
  const known = book.anchor?.connection === packet.connection;
  const older = isOlder(frame, book);
  const unshown = older ? [] : unshownIn(book.range, book.shown, frame);
  if (!older) book.range = rangeAfter(book.range, frame.dayHigh, frame.dayLow);
  if (repeated && !first && known) return void counts.duplicate++;
  if (!first && known && !older && isUsable(book, frame, date)) settle(book, frame, packet, date);
  const before = book.anchor;
  const { connection } = packet;
  const told = traded(book, frame, { connection, first, date, rangeMoved: unshown.length > 0 });
  if (told === 'seed') return seed();
  const exchangeMs = Number(frame.exchangeMs);
  const previousMs = Number(before!.frame.exchangeMs);
  if (told === 'noTrade') {
    counts.noTrade++;
    // An older packet did not become the anchor.
    if (book.anchor === before) return;
    const sent = stampedIn(book.instrument, date, exchangeMs);
    // In a longer candle the range may have moved before its first tick.
    if (
      sent?.auction === false &&
      book.instrument.candleMinutes !== undefined &&
      !book.minutes.has(sent.labelMs)
    )
      book.minutes.set(sent.labelMs, []);
    const ticks = sent === undefined || sent.auction ? undefined : book.minutes.get(sent.labelMs);
    const within = sent !== undefined && previousMs >= sent.fromMs;
    const late = closeLate(before!.frame.price, within ? unshown : []);
    if (ticks !== undefined && within && !late)
      ticks.push({ ...tickOf(frame, packet, 0), unshown, isTick: false });
    return cover(book, date, frame);
  }
  const { quantity, bare } = told;
  const doubtful = (labelMs: number | undefined, tick: Tick | undefined): void => {
    if (quantity > 0) book.doubt = { kind: 'rise', before: before!, bare, quantity, labelMs, tick };
  };
  const own = tradedIn(book, frame, date);
  if (own === undefined) {
    const end = stampedIn(book.instrument, date, before!.exchangeMs);
    if (end !== undefined) book.ends.set(end.labelMs, (book.ends.get(end.labelMs) ?? 0) + quantity);
    doubtful(end?.labelMs, undefined);
    return void counts.outOfSession++;
  }
  counts.tick++;
  if (!told.older) cover(book, date, frame, own.labelMs);
  // Nothing is traded between the end of continuous trading and the auction's print.
  const fromMs = own.auction ? closeOf(book.instrument, date) : own.fromMs;
  // A trade of the tail may have its volume in the auction's.
  const owed =
    own.auction && before!.pending && tailOf(book.instrument, date, before!.exchangeMs) !== undefined;
  const straddles = quantity > 0 && (before!.exchangeMs < fromMs || owed);
  const inMinute = previousMs >= fromMs && !own.auction && !told.older;
  // The day's first trades: nothing was traded before, so that the day's range is the minute's.
  const isFirst = quantity > 0 && before!.volume === 0n && timeMs < openOf(book.instrument, date) + MINUTE;
  const range = isFirst && hasSoundRange(frame) ? [Number(frame.dayHigh), Number(frame.dayLow)] : [];
  const extremes = [...(inMinute ? unshown : []), ...range];
  const tick = {
    ...tickOf(frame, packet, quantity),
    slack: straddles ? quantity : 0,
    sinceMs: before!.exchangeMs,
    unshown: extremes,
    tail: minute === undefined,
  };
  addTick(book, own.labelMs, tick);
  doubtful(own.labelMs, tick);
}

const tickOf = (frame: Frame, { connection }: NaivePacket, quantity: number): Tick => ({
  timeMs: tradeMsOf(frame),
  connection,
  sequence: frame.sequence,
  price: Number(frame.price),
  quantity,
  slack: 0,
  sinceMs: undefined,
  unshown: [],
  isTick: true,
  tail: false,
  uncounted: false,
});

function addTick(book: Book, labelMs: number, tick: Tick): void {
  const ticks = book.minutes.get(labelMs) ?? [];
  book.minutes.set(labelMs, ticks);
  ticks.push(tick);
}

const speaks = ({ circuits: { lower, upper } }: Frame): boolean => lower > 0n && upper > lower;

/** Whether range and circuits of the packet exclude its price, which is also far from all that is known. */
function isContradicted({ circuits, ...frame }: Frame, accepted: bigint): boolean {
  const { price, dayLow, dayHigh, previousClose } = frame;
  const inRange = !(dayLow > 0n && dayHigh >= dayLow) || (price >= dayLow && price <= dayHigh);
  if (inRange || !speaks({ circuits, ...frame })) return false;
  if (price >= circuits.lower && price <= circuits.upper) return false;
  const known = [previousClose, accepted].filter((one) => one > 0n).map(Number);
  return known.length > 0 && known.every((one) => Math.abs(Number(price) - one) > 0.25 * one);
}

/** The frame without a day's range that its own circuits exclude. */
function withSoundRange(frame: Frame): Frame {
  const { circuits, dayHigh, dayLow } = frame;
  const sound = !speaks(frame) || (dayHigh <= circuits.upper && dayLow >= circuits.lower);
  return sound ? frame : { ...frame, dayHigh: 0n, dayLow: 0n };
}

/** Builds candles by symbol from packets in the order of arrival. Never throws, whatever the bytes. */
export function naiveFold(packets: Iterable<NaivePacket>, options: NaiveOptions): NaiveResult {
  const books = options.instruments.map((instrument): Book => ({
    instrument,
    counts: { tick: 0, seed: 0, noTrade: 0, duplicate: 0, outOfSession: 0, reseeds: 0, strays: 0 },
    minutes: new Map(),
    seeded: new Set(),
    lastConnection: undefined,
    acceptedPrice: 0n,
    last: undefined,
    anchor: undefined,
    doubt: undefined,
    late: { since: 0, byMs: 0 },
    range: { high: 0n, low: 0n, earlier: { high: 0n, low: 0n } },
    shown: { high: 0n, low: 0n },
    seen: new Map(),
    interest: new Map(),
    ends: new Map(),
  }));
  const refused = { length: 0, mode: 0 };
  const unadmitted = { exchange: 0, token: 0, mode: 0, price: 0, time: 0, sequence: 0 };
  const counters = new NaiveCounters<() => void>();
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
    else if (isContradicted(frame, book.acceptedPrice)) unadmitted.price++;
    else {
      book.acceptedPrice = frame.price;
      const { connection, marketMsSinceSubscribe: atMs } = packet;
      const use = (): void => apply(book, withSoundRange(frame), packet, first, options.date);
      for (const next of counters.pass(frame, { connection, atMs, first }, use)) next();
    }
  }
  counters.end();
  unadmitted.sequence = counters.rejected;
  const candles = new Map(
    books.map((book) => [
      book.instrument.symbol,
      [...book.minutes]
        .filter(([, ticks]) => ticks.some(({ isTick }) => isTick))
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
