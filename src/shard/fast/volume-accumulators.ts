/** The accumulators of Quote and SnapQuote packets. The loop that fills them: `apply-volumes.ts`. */
import { MINUTE_MS } from '../../market/session.js';
import { isAuction } from '../../memory/bar-times.js';
import { SHARD, SLOT, STATIC, type ShardMemory } from '../../memory/layout.js';
import { BAR } from '../../memory/bar.js';
import { RECORD } from '../../memory/record.js';
import { DOUBT, riseDoubt } from '../volume-doubt.js';
import { ACCUMULATOR_BASE_MS, Accumulators, MAX_WORD } from './accumulators.js';

/**
 * A row's accumulator: 128 bytes, two cache lines, the first of which has what each packet needs. Indexes of 32-bit
 * words from its start; times in ms from the start of bar 0. Up to `shown` they describe the open slot and its loaded
 * bar with what was accumulated; the rest is of what was accumulated alone.
 */
export const VOLUME = {
  /** Start of the loaded minute plus ACCUMULATOR_BASE_MS; 0: no packet is ordinary. */
  minuteStart: 0,
  connection: 1,
  /** Of the last packet (SLOT.seen*, SLOT.anchor*). Its price is the bar's close. */
  seenAt: 2,
  tradeTime: 3,
  sequence: 4,
  price: 5,
  quantity: 6,
  volume: 7,
  dayHigh: 8,
  dayLow: 9,
  high: 10,
  low: 11,
  pending: 12,
  lateness: 13,
  longestSilenceMs: 14,
  /** From here on a stamp covers a further second. */
  nextSecond: 15,
  /** Of the last tick. */
  closeTime: 16,
  closeSequence: 17,
  /** While a volume is pending; else `seenAt` less `lateness`. */
  anchorAt: 18,
  pendingSince: 19,
  packets: 20,
  /** Low half: ticks. High half: those at another price than the packet before. */
  ticks: 21,
  /** The minute's last. */
  openInterest: 22,
  coveredSeconds: 23,
  /** Word of the last packet's record, for what no condition needs. */
  record: 24,
  /** Rise of the last packet, 0 for none; its marks (RISE), and its anchor's time. */
  rise: 25,
  riseMarks: 26,
  riseFrom: 27,
  /** The day's range before the last packet that moved it, and that packet's record; 0: none. */
  earlierHigh: 28,
  earlierLow: 29,
  moved: 30,
  /** Of the rises that may belong to the minute before. */
  slack: 31,
} as const;
export const VOLUME_SHIFT = 5;
export const CHANGES_SHIFT = 16;
const TICKS_MASK = (1 << CHANGES_SHIFT) - 1;
/** The packet of the rise showed a trade; a volume was pending before it; the rise has slack. */
export const RISE = { traded: 1, wasPending: 2, hasSlack: 4 } as const;
/** Times further from bar 0 are not accumulated. */
const MAX_TIME = 0x3fffffff;
/** `pendingSince` of a slot that no packet left pending. */
const NEVER = -MAX_WORD;
/** Of a bar's volume: a batch adds less than 2^32 to it. */
const MAX_BAR_VOLUME = 2 ** 52;
const TWO_32 = 2 ** 32;

// No double is passed: V8 allocates an object for it.

export class VolumeAccumulators extends Accumulators {
  constructor(memory: ShardMemory) {
    super(memory, VOLUME_SHIFT, VOLUME.minuteStart);
  }

  isEmpty(row: number): boolean {
    return this.words[(row << VOLUME_SHIFT) + VOLUME.packets] === 0;
  }

  start(row: number, s: number): void {
    const m = this.memory;
    const f = m.f64;
    const { words } = this;
    const p = row << VOLUME_SHIFT;
    const b = s + SLOT.bar;
    const bar = f[s + SLOT.barIndex];
    const originMs = f[m.statics + STATIC.originMs];
    words[p + VOLUME.minuteStart] = 0;
    if (bar < 0 || isAuction(m, row, bar) || bar <= m.i32[SHARD.sealed]) return;
    if (!isSlotOrdinary(m, s) || !isBarOrdinary(f, s)) return;
    words[p + VOLUME.minuteStart] = ACCUMULATOR_BASE_MS + bar * MINUTE_MS;
    words[p + VOLUME.connection] = f[s + SLOT.anchorConnection];
    words[p + VOLUME.seenAt] = f[s + SLOT.seenAt] - originMs;
    words[p + VOLUME.tradeTime] = f[s + SLOT.seenTradeTime] - originMs;
    words[p + VOLUME.sequence] = f[s + SLOT.anchorSequenceLow];
    words[p + VOLUME.price] = f[s + SLOT.seenPrice];
    words[p + VOLUME.quantity] = f[s + SLOT.seenQuantity];
    words[p + VOLUME.volume] = f[s + SLOT.anchorVolume];
    words[p + VOLUME.dayHigh] = f[s + SLOT.sessionHigh];
    words[p + VOLUME.dayLow] = f[s + SLOT.sessionLow];
    words[p + VOLUME.high] = f[b + BAR.high];
    words[p + VOLUME.low] = f[b + BAR.low];
    words[p + VOLUME.pending] = f[s + SLOT.volumePending];
    words[p + VOLUME.anchorAt] = f[s + SLOT.anchorAt] - originMs;
    const since = f[s + SLOT.pendingSince] - originMs;
    words[p + VOLUME.pendingSince] = Math.abs(since) <= MAX_TIME ? since : NEVER;
    words[p + VOLUME.lateness] = f[s + SLOT.lateness];
    words[p + VOLUME.openInterest] = f[b + BAR.oiClose];
    words[p + VOLUME.longestSilenceMs] = f[b + BAR.longestSilenceMs];
    const seenAt = words[p + VOLUME.seenAt];
    words[p + VOLUME.nextSecond] = seenAt - (seenAt % 1000) + 1000;
  }

  add(row: number, from: number, to: number): void {
    const { f64: f, i32 } = this.memory;
    const { words } = this;
    const p = row << VOLUME_SHIFT;
    const originMs = f[this.memory.statics + STATIC.originMs];
    const seenAt = words[p + VOLUME.seenAt];
    const pending = words[p + VOLUME.pending];
    const since = words[p + VOLUME.pendingSince];
    const price = words[p + VOLUME.price];
    const sequence = words[p + VOLUME.sequence] >>> 0;
    const record = words[p + VOLUME.record];
    this.#setDoubt(p, from, to);
    this.#addToBar(p, from, to);
    f[to + SLOT.anchorVolume] = words[p + VOLUME.volume] >>> 0;
    f[to + SLOT.anchorSequenceLow] = sequence;
    f[to + SLOT.anchorAt] =
      originMs + (pending === 1 ? words[p + VOLUME.anchorAt] : seenAt - words[p + VOLUME.lateness]);
    f[to + SLOT.volumePending] = pending;
    f[to + SLOT.pendingSince] = since === NEVER ? f[from + SLOT.pendingSince] : originMs + since;
    f[to + SLOT.lateness] = words[p + VOLUME.lateness];
    f[to + SLOT.seenPrice] = price;
    f[to + SLOT.seenQuantity] = words[p + VOLUME.quantity];
    f[to + SLOT.seenTradeTime] = originMs + words[p + VOLUME.tradeTime];
    f[to + SLOT.seenAt] = originMs + seenAt;
    const moved = record === words[p + VOLUME.moved];
    f[to + SLOT.earlierHigh] = words[p + (moved ? VOLUME.earlierHigh : VOLUME.dayHigh)];
    f[to + SLOT.earlierLow] = words[p + (moved ? VOLUME.earlierLow : VOLUME.dayLow)];
    f[to + SLOT.sessionHigh] = words[p + VOLUME.dayHigh];
    f[to + SLOT.sessionLow] = words[p + VOLUME.dayLow];
    f[to + SLOT.sessionOpen] = i32[record + RECORD.dayOpen] >>> 0;
    f[to + SLOT.exchangeAverage] = i32[record + RECORD.averagePrice] >>> 0;
    f[to + SLOT.noTrade] =
      f[from + SLOT.noTrade] + words[p + VOLUME.packets] - (words[p + VOLUME.ticks] & TICKS_MASK);
    f[to + SLOT.lastTime] = originMs + words[p + VOLUME.tradeTime];
    f[to + SLOT.lastPrice] = price;
    f[to + SLOT.lastSequenceLow] = sequence;
    words[p + VOLUME.moved] = 0;
    words[p + VOLUME.slack] = 0;
    words[p + VOLUME.packets] = 0;
    words[p + VOLUME.ticks] = 0;
    words[p + VOLUME.coveredSeconds] = 0;
  }

  /** The part of `add` that changes the bar, and what ticks alone change in the slot. */
  #addToBar(p: number, from: number, to: number): void {
    const { f64: f, statics } = this.memory;
    const originMs = f[statics + STATIC.originMs];
    const { words } = this;
    const a = from + SLOT.bar;
    const b = to + SLOT.bar;
    const ticks = words[p + VOLUME.ticks] & TICKS_MASK;
    const high = words[p + VOLUME.high];
    const low = words[p + VOLUME.low];
    const closeTime = ticks === 0 ? f[a + BAR.closeTime] : originMs + words[p + VOLUME.closeTime];
    f[b + BAR.ticks] = f[a + BAR.ticks] + ticks;
    f[b + BAR.priceChanges] = f[a + BAR.priceChanges] + (words[p + VOLUME.ticks] >>> CHANGES_SHIFT);
    f[b + BAR.volume] = f[a + BAR.volume] + ((words[p + VOLUME.volume] >>> 0) - f[from + SLOT.anchorVolume]);
    const slack = words[p + VOLUME.slack];
    f[b + BAR.slackBefore] = f[a + BAR.slackBefore] + slack;
    // The bar before, plus 1.
    f[b + BAR.slackFrom] =
      slack > 0 && f[a + BAR.slackFrom] === 0 ? f[from + SLOT.barIndex] : f[a + BAR.slackFrom];
    f[b + BAR.high] = high;
    f[b + BAR.low] = low;
    f[b + BAR.close] = words[p + VOLUME.price];
    f[b + BAR.lastPrice] = words[p + VOLUME.price];
    f[b + BAR.closeTime] = closeTime;
    f[b + BAR.closeSequenceLow] =
      ticks === 0 ? f[a + BAR.closeSequenceLow] : words[p + VOLUME.closeSequence] >>> 0;
    f[b + BAR.coveredSeconds] = f[a + BAR.coveredSeconds] + words[p + VOLUME.coveredSeconds];
    f[b + BAR.lastSeenAt] = originMs + words[p + VOLUME.seenAt];
    f[b + BAR.longestSilenceMs] = words[p + VOLUME.longestSilenceMs];
    f[to + SLOT.shownHigh] = high > f[from + SLOT.shownHigh] ? high : f[from + SLOT.shownHigh];
    f[to + SLOT.shownLow] = low < f[from + SLOT.shownLow] ? low : f[from + SLOT.shownLow];
    f[to + SLOT.ticks] = f[from + SLOT.ticks] + ticks;
    f[to + SLOT.lastTickTime] =
      closeTime > f[from + SLOT.lastTickTime] ? closeTime : f[from + SLOT.lastTickTime];
  }

  /** The part of `add` that keeps what the last packet's rise, if any, is taken back to. Call before the others. */
  #setDoubt(p: number, from: number, to: number): void {
    const { f64: f, statics } = this.memory;
    const { words } = this;
    const a = from + SLOT.bar;
    const rise = words[p + VOLUME.rise];
    const marks = words[p + VOLUME.riseMarks];
    const volume = words[p + VOLUME.volume] >>> 0;
    const slack = words[p + VOLUME.slack] - ((marks & RISE.hasSlack) === 0 ? 0 : rise);
    f[to + SLOT.doubt] =
      rise === 0 ? DOUBT.none : riseDoubt(marks & RISE.traded, (marks & RISE.wasPending) >> 1);
    f[to + SLOT.doubtVolume] = volume - rise;
    f[to + SLOT.doubtAt] = f[statics + STATIC.originMs] + words[p + VOLUME.riseFrom];
    f[to + SLOT.doubtBarVolume] = f[a + BAR.volume] + volume - f[from + SLOT.anchorVolume] - rise;
    f[to + SLOT.doubtSlackBefore] = f[a + BAR.slackBefore] + slack;
    f[to + SLOT.doubtSlackFrom] =
      slack > 0 && f[a + BAR.slackFrom] === 0 ? f[from + SLOT.barIndex] : f[a + BAR.slackFrom];
    f[to + SLOT.doubtSlackAfter] = f[a + BAR.slackAfter];
  }
}

const isWord = (value: number): boolean => value > 0 && value <= MAX_WORD;

/** True if the slot's state fits into an accumulator, and its pairs are equal. */
function isSlotOrdinary({ f64: f, statics }: ShardMemory, s: number): boolean {
  const originMs = f[statics + STATIC.originMs];
  return (
    f[s + SLOT.anchorConnection] !== 0 &&
    (f[s + SLOT.volumePending] === 1 || f[s + SLOT.anchorAt] === f[s + SLOT.seenAt] - f[s + SLOT.lateness]) &&
    f[s + SLOT.doubt] !== DOUBT.fall &&
    f[s + SLOT.anchorVolume] > 0 &&
    f[s + SLOT.anchorVolume] < TWO_32 &&
    f[s + SLOT.anchorSequenceLow] > 0 &&
    f[s + SLOT.anchorSequenceHigh] === 0 &&
    f[s + SLOT.lastSequenceHigh] === 0 &&
    f[s + SLOT.lastSequenceLow] === f[s + SLOT.anchorSequenceLow] &&
    f[s + SLOT.lastTime] === f[s + SLOT.seenTradeTime] &&
    f[s + SLOT.lastPrice] === f[s + SLOT.seenPrice] &&
    isWord(f[s + SLOT.sessionHigh]) &&
    isWord(f[s + SLOT.sessionLow]) &&
    isWord(f[s + SLOT.shownHigh]) &&
    isWord(f[s + SLOT.shownLow]) &&
    isWord(f[s + SLOT.seenPrice]) &&
    f[s + SLOT.seenQuantity] >= 0 &&
    f[s + SLOT.seenQuantity] <= MAX_WORD &&
    Math.abs(f[s + SLOT.seenTradeTime] - originMs) <= MAX_TIME &&
    Math.abs(f[s + SLOT.anchorAt] - originMs) <= MAX_TIME
  );
}

/**
 * True if the loaded bar's state fits into an accumulator: it has ticks, the next newest packet's tick would be its
 * close, and packets showed its range.
 */
function isBarOrdinary(f: Float64Array, s: number): boolean {
  const b = s + SLOT.bar;
  return (
    f[b + BAR.ticks] > 0 &&
    f[b + BAR.lastSeenAt] === f[s + SLOT.seenAt] &&
    f[b + BAR.volume] <= MAX_BAR_VOLUME &&
    (f[b + BAR.oiClose] === 0 || f[b + BAR.oiClose] === f[s + SLOT.openInterest]) &&
    f[b + BAR.oiClose] < TWO_32 &&
    f[b + BAR.close] === f[s + SLOT.seenPrice] &&
    f[b + BAR.lastPrice] === f[s + SLOT.seenPrice] &&
    f[b + BAR.high] <= f[s + SLOT.shownHigh] &&
    f[b + BAR.low] >= f[s + SLOT.shownLow] &&
    f[b + BAR.closeTime] <= f[s + SLOT.seenTradeTime] &&
    f[b + BAR.closeSequenceHigh] === 0 &&
    f[b + BAR.closeSequenceLow] <= f[s + SLOT.anchorSequenceLow] &&
    f[b + BAR.closeConnection] === f[s + SLOT.anchorConnection] &&
    f[b + BAR.openConnection] <= f[s + SLOT.anchorConnection]
  );
}
