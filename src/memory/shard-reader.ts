/**
 * The reading side of a shard's memory: rows, bars, gaps. Any thread may call these functions while the shard writes. A
 * row is read under its version, and read again if the version changed meanwhile. Nothing here writes.
 */
import { MINUTE_MS } from '../market/session.js';
import { type Instrument } from '../market/instrument.js';
import { BAR, AS_SEALED, GAP, MAIN, SHARD, SLOT, STATIC, type ShardMemory } from './layout.js';

/** An instrument and its row: shard, and index in the shard. */
export interface RowPlace {
  readonly instrument: Instrument;
  readonly shard: number;
  readonly row: number;
}

/** Whether `bar` is the closing auction's, the last of the row. */
export function isAuction(m: ShardMemory, bar: number): boolean {
  return bar === m.shape.bars - 1;
}

/**
 * The bar of the time at double index `k`: minutes from bar 0, or the last bar for the auction; -1 outside the row's
 * session.
 */
export function barAt(m: ShardMemory, row: number, k: number): number {
  const f = m.f64;
  const timeMs = f[k];
  const s = m.staticOf(row);
  if (timeMs >= f[s + STATIC.openMs] && timeMs < f[s + STATIC.closeMs])
    return Math.floor((timeMs - f[s + STATIC.originMs]) / MINUTE_MS);
  if (timeMs >= f[s + STATIC.auctionFromMs] && timeMs < f[s + STATIC.auctionToMs]) return m.shape.bars - 1;
  return -1;
}

/** Start of a bar: its minute, or the auction's window. Epoch ms. */
function startOf(m: ShardMemory, row: number, bar: number): number {
  const s = m.staticOf(row);
  return isAuction(m, bar) ? m.f64[s + STATIC.auctionFromMs] : m.f64[s + STATIC.originMs] + bar * MINUTE_MS;
}

/**
 * End of a bar, exclusive. Epoch ms. Not returned together with the start: sealing would allocate a pair for each row
 * and minute.
 */
function endOf(m: ShardMemory, row: number, bar: number): number {
  return isAuction(m, bar) ? m.f64[m.staticOf(row) + STATIC.auctionToMs] : startOf(m, row, bar) + MINUTE_MS;
}

/** Market ms of gaps in the bar; a minute with any is partial. */
export function gapMsIn(m: ShardMemory, row: number, bar: number): number {
  const count = Atomics.load(m.i32, SHARD.gaps);
  const start = startOf(m, row, bar);
  const end = endOf(m, row, bar);
  let unseen = 0;
  for (let k = 0; k < count; k++) {
    const from = m.f64[m.gaps + k * GAP.size + GAP.startMs];
    const to = m.f64[m.gaps + k * GAP.size + GAP.endMs];
    if (from < end && to > start) unseen += Math.min(to, end) - Math.max(from, start);
  }
  return unseen;
}

/** The gaps in order, epoch ms; the end is Infinity while one is open. */
export function readGaps(m: ShardMemory): { startMs: number; endMs: number }[] {
  const count = Atomics.load(m.i32, SHARD.gaps);
  return Array.from({ length: count }, (_, k) => ({
    startMs: m.f64[m.gaps + k * GAP.size + GAP.startMs],
    endMs: m.f64[m.gaps + k * GAP.size + GAP.endMs],
  }));
}

/** Counts and session figures of one instrument. Prices in wire units; undefined if not seen yet. */
export interface RowFigures {
  readonly ticks: number;
  readonly snapshots: number;
  readonly noTrade: number;
  readonly duplicates: number;
  readonly outOfSession: number;
  readonly volumeResets: number;
  readonly lastPrice: number | undefined;
  /** Time of the latest tick, epoch ms. */
  readonly lastTickMs: number | undefined;
  readonly sessionSum: number;
  readonly sessionOpen: number | undefined;
  readonly sessionHigh: number | undefined;
  readonly sessionLow: number | undefined;
  readonly exchangeAverage: number | undefined;
}

/** Repeats `read` until the row's version did not change meanwhile, so that the result is of one moment. */
function underVersion<T>(m: ShardMemory, row: number, read: (slot: number) => T): T {
  for (;;) {
    const before = Atomics.load(m.i32, m.versions + row);
    const result = read(m.slotOf(row, before & 1));
    if (Atomics.load(m.i32, m.versions + row) === before) return result;
  }
}

const known = (value: number): number | undefined => (value > 0 ? value : undefined);

/** The row's figures at one moment. */
export function readRow(m: ShardMemory, row: number): RowFigures {
  const f = m.f64;
  return underVersion(m, row, (s) => ({
    ticks: f[s + SLOT.ticks],
    snapshots: f[s + SLOT.snapshots],
    noTrade: f[s + SLOT.noTrade],
    duplicates: f[s + SLOT.duplicates],
    outOfSession: f[s + SLOT.outOfSession],
    volumeResets: f[s + SLOT.volumeResets],
    lastPrice: known(f[s + SLOT.lastPrice]),
    lastTickMs: known(f[s + SLOT.lastTickTime]),
    sessionSum: f[s + SLOT.sessionSum],
    sessionOpen: known(f[s + SLOT.sessionOpen]),
    sessionHigh: known(f[s + SLOT.sessionHigh]),
    sessionLow: known(f[s + SLOT.sessionLow]),
    exchangeAverage: known(f[s + SLOT.exchangeAverage]),
  }));
}

/** A bar as it is now. Prices in wire units. */
export interface BarFigures {
  readonly ticks: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly priceChanges: number;
  readonly late: number;
  readonly revision: number;
  /** A connection's initial packet fell into the bar. */
  readonly hasSnapshot: boolean;
  readonly repaired: boolean;
  /** Seconds that a packet covered; exchange time of the last, epoch ms; longest time before one, ms. */
  readonly coveredSeconds: number;
  readonly lastSeenAt: number;
  readonly longestSilenceMs: number;
  /** Volume that may belong before the bar's start or after its end; null: unknown. */
  readonly volSlack: number | null;
}

/** Double index of a bar: in the row's valid slot `s`, or in the table. */
function locateBar(m: ShardMemory, row: number, s: number, bar: number): number {
  return m.f64[s + SLOT.barIndex] === bar ? s + SLOT.bar : m.barOf(row, bar);
}

/**
 * Reads one bar; undefined if it has no tick. The auction's bar is flat at its last price: earlier packets repeat the
 * old price.
 */
export function readBar(m: ShardMemory, row: number, bar: number): BarFigures | undefined {
  return underVersion(m, row, (s) => figuresOf(m, row, s, bar));
}

/** `readBar` in the row's valid slot `s`. */
function figuresOf(m: ShardMemory, row: number, s: number, bar: number): BarFigures | undefined {
  const f = m.f64;
  const auction = isAuction(m, bar);
  const b = locateBar(m, row, s, bar);
  if (f[b + BAR.ticks] === 0) return undefined;
  const close = f[b + BAR.close];
  return {
    ticks: f[b + BAR.ticks],
    open: auction ? close : f[b + BAR.open],
    high: auction ? close : f[b + BAR.high],
    low: auction ? close : f[b + BAR.low],
    close,
    volume: f[b + BAR.volume],
    priceChanges: f[b + BAR.priceChanges],
    late: f[b + BAR.late],
    revision: f[b + BAR.revision],
    hasSnapshot: f[b + BAR.hasSnapshot] === 1,
    repaired: f[b + BAR.repaired] === 1,
    coveredSeconds: f[b + BAR.coveredSeconds],
    lastSeenAt: f[b + BAR.lastSeenAt],
    longestSilenceMs: f[b + BAR.longestSilenceMs],
    volSlack: slackOf(m, row, s, bar),
  };
}

/**
 * The slack of a bar's volume, at the edge with more of it (candles/candle.ts, `volSlack`). `s`: the row's valid slot.
 */
function slackOf(m: ShardMemory, row: number, s: number, bar: number): number | null {
  const f = m.f64;
  const endMs = endOf(m, row, bar);
  if (f[s + SLOT.anchorConnection] === 0 || f[s + SLOT.anchorAt] < endMs) return null;
  const own = locateBar(m, row, s, bar);
  const before = Math.max(f[own + BAR.slackBefore], f[own + BAR.slackAfter]);
  for (let next = bar + 1; next < m.shape.bars; next++) {
    const b = locateBar(m, row, s, next);
    if (f[b + BAR.ticks] > 0)
      return f[b + BAR.slackFrom] === bar + 1 ? Math.max(before, f[b + BAR.slackBefore]) : before;
  }
  return before;
}

/** The row's open bar, with its index: the one of the last packet, if not sealed; else undefined. */
export function readOpenBar(
  m: ShardMemory,
  row: number,
): { readonly bar: number; readonly figures: BarFigures } | undefined {
  return underVersion(m, row, (s) => {
    const bar = m.f64[s + SLOT.barIndex];
    const figures = bar > Atomics.load(m.i32, SHARD.sealed) ? figuresOf(m, row, s, bar) : undefined;
    return figures === undefined ? undefined : { bar, figures };
  });
}

/** Records waiting in a shard's ring. */
export function ringDepth(m: ShardMemory): number {
  return (Atomics.load(m.i32, MAIN.tail) - Atomics.load(m.i32, SHARD.head)) | 0;
}

/** The candle at its first seal, in wire units; undefined if the minute had no tick then. */
export function readAsSealed(
  m: ShardMemory,
  row: number,
  bar: number,
): { open: number; high: number; low: number; close: number; volume: number; partial: boolean } | undefined {
  const f = m.f64;
  const at = m.asSealedOf(row, bar);
  if (bar > Atomics.load(m.i32, SHARD.sealed) || f[at + AS_SEALED.ticks] === 0) return undefined;
  const close = f[at + AS_SEALED.close];
  const auction = isAuction(m, bar);
  return {
    open: auction ? close : f[at + AS_SEALED.open],
    high: auction ? close : f[at + AS_SEALED.high],
    low: auction ? close : f[at + AS_SEALED.low],
    close,
    volume: f[at + AS_SEALED.volume],
    partial: f[at + AS_SEALED.gapMs] > 0 || f[at + AS_SEALED.hasSnapshot] === 1,
  };
}

/** The label of a bar: its start; for the auction the minute of the calendar. Epoch ms. */
export function barLabelMs(m: ShardMemory, row: number, bar: number): number {
  const s = m.staticOf(row);
  return isAuction(m, bar) ? m.f64[s + STATIC.auctionLabelMs] : m.f64[s + STATIC.originMs] + bar * MINUTE_MS;
}

/**
 * Visits the row's bars that have ticks, ascending: sealed ones only, or with `includeOpen` all. A bar that is neither
 * in the row's valid slot nor has ticks of its own is passed over for the price of one load, because a day has hundreds
 * and a run has few. `read` is called with the row's valid slot, until it has read a bar as of one moment.
 */
function eachBar<Seen>(
  m: ShardMemory,
  row: number,
  includeOpen: boolean,
  read: (s: number, bar: number) => Seen | undefined,
  visit: (bar: number, seen: Seen, sealed: boolean) => void,
  from = 0,
): void {
  const sealed = Atomics.load(m.i32, SHARD.sealed);
  const last = includeOpen ? m.shape.bars - 1 : Math.min(sealed, m.shape.bars - 1);
  // Read first: a bar that leaves the slot later is already in the table.
  const current = underVersion(m, row, (s) => m.f64[s + SLOT.barIndex]);
  for (let bar = from; bar <= last; bar++) {
    if (bar !== current && m.f64[m.barOf(row, bar) + BAR.ticks] === 0) continue;
    const seen = underVersion(m, row, (s) => read(s, bar));
    if (seen !== undefined) visit(bar, seen, bar <= sealed);
  }
}

/** Counts of a row's candles. */
export interface CandleTally {
  readonly whole: number;
  readonly partial: number;
  readonly late: number;
  readonly revisions: number;
}

/** Counts what `readCandles` would return, without building it. */
export function tallyCandles(m: ShardMemory, row: number, includeOpen: boolean): CandleTally {
  const f = m.f64;
  const tally = { whole: 0, partial: 0, late: 0, revisions: 0 };
  // Called several times a second: reads only the fields that are counted.
  const read = (
    s: number,
    bar: number,
  ): Pick<BarFigures, 'hasSnapshot' | 'late' | 'revision'> | undefined => {
    const b = locateBar(m, row, s, bar);
    return f[b + BAR.ticks] === 0
      ? undefined
      : { hasSnapshot: f[b + BAR.hasSnapshot] === 1, late: f[b + BAR.late], revision: f[b + BAR.revision] };
  };
  eachBar(m, row, includeOpen, read, (bar, { hasSnapshot, late, revision }, sealed) => {
    if (!sealed || hasSnapshot || gapMsIn(m, row, bar) > 0) tally.partial++;
    else tally.whole++;
    tally.late += late;
    tally.revisions += revision;
  });
  return tally;
}

/**
 * Visits the row's bars with their figures, in wire units, ascending: sealed ones only, or with `includeOpen` all that
 * have ticks.
 */
export function eachBarFigures(
  m: ShardMemory,
  row: number,
  includeOpen: boolean,
  visit: (bar: number, figures: BarFigures, sealed: boolean) => void,
  from = 0,
): void {
  eachBar(m, row, includeOpen, (s, bar) => figuresOf(m, row, s, bar), visit, from);
}
