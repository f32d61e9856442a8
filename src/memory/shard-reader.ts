/**
 * The reading side of a shard's memory: rows, bars, gaps. Any thread may call these functions while the shard writes:
 * a row is read again if its version changed meanwhile. Nothing here writes.
 */
import { MINUTE_MS } from '../market/session.js';
import { type Instrument } from '../market/instrument.js';
import { BAR, AS_SEALED, GAP, MAIN, MARK, SHARD, SLOT, STATIC, type ShardMemory } from './layout.js';
import { GAP_CAUSES, type GapCause } from './record.js';

/** An instrument's shard, and its row in it. */
export interface RowPlace {
  readonly instrument: Instrument;
  readonly shard: number;
  readonly row: number;
}

/** True for the closing auction's bar, the row's last. */
export function isAuction(m: ShardMemory, bar: number): boolean {
  return bar === m.shape.bars - 1;
}

/**
 * The bar of the time at double index `k`: minutes from bar 0; the last bar for the auction; -1 outside the row's
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

/** The row's last minute of continuous trading, if the time at double index `k` is in its tail; else -1. */
export function tailBarAt(m: ShardMemory, row: number, k: number): number {
  const f = m.f64;
  const s = m.staticOf(row);
  return f[k] >= f[s + STATIC.closeMs] && f[k] < f[s + STATIC.tailEndMs] ? lastMinute(m, row) : -1;
}

/** The bar that a stamp at double index `k` may tell of: that of its time, or the last minute in its tail; else -1. */
export function stampBarAt(m: ShardMemory, row: number, k: number): number {
  const bar = barAt(m, row, k);
  return bar < 0 ? tailBarAt(m, row, k) : bar;
}

function lastMinute(m: ShardMemory, row: number): number {
  const s = m.staticOf(row);
  return (m.f64[s + STATIC.closeMs] - m.f64[s + STATIC.originMs]) / MINUTE_MS - 1;
}

/** Start of a minute, or of the auction's window. Epoch ms. */
function startOf(m: ShardMemory, row: number, bar: number): number {
  const s = m.staticOf(row);
  return isAuction(m, bar) ? m.f64[s + STATIC.auctionFromMs] : m.f64[s + STATIC.originMs] + bar * MINUTE_MS;
}

/**
 * End of a bar, exclusive. Epoch ms. Apart from the start: a pair would be allocated for each row and minute sealed.
 */
function endOf(m: ShardMemory, row: number, bar: number): number {
  return isAuction(m, bar) ? m.f64[m.staticOf(row) + STATIC.auctionToMs] : startOf(m, row, bar) + MINUTE_MS;
}

/** Until when packets tell of the bar: where stamps pick the minute, the last one has a tail. Epoch ms. */
function toldUntil(m: ShardMemory, row: number, bar: number): number {
  return m.shape.hasTradeTime !== true && bar === lastMinute(m, row)
    ? m.f64[m.staticOf(row) + STATIC.tailEndMs]
    : endOf(m, row, bar);
}

/** Market ms of gaps in the bar, and in its tail; above 0, it is partial. */
export function gapMsIn(m: ShardMemory, row: number, bar: number): number {
  const count = Atomics.load(m.i32, SHARD.gaps);
  const start = startOf(m, row, bar);
  const end = toldUntil(m, row, bar);
  let unseen = 0;
  for (let k = 0; k < count; k++) {
    const from = m.f64[m.gaps + k * GAP.size + GAP.startMs];
    const to = m.f64[m.gaps + k * GAP.size + GAP.endMs];
    if (from < end && to > start) unseen += Math.min(to, end) - Math.max(from, start);
  }
  return unseen;
}

/** The gaps in order, epoch ms; an open one ends at Infinity. */
export function readGaps(m: ShardMemory): { startMs: number; endMs: number; cause: GapCause }[] {
  const count = Atomics.load(m.i32, SHARD.gaps);
  return Array.from({ length: count }, (_, k) => ({
    startMs: m.f64[m.gaps + k * GAP.size + GAP.startMs],
    endMs: m.f64[m.gaps + k * GAP.size + GAP.endMs],
    cause: GAP_CAUSES[m.f64[m.gaps + k * GAP.size + GAP.cause]],
  }));
}

/** Counts and session figures of an instrument. Prices in wire units; undefined if not seen yet. */
export interface RowFigures {
  readonly ticks: number;
  readonly snapshots: number;
  readonly noTrade: number;
  readonly duplicates: number;
  readonly outOfSession: number;
  readonly volumeResets: number;
  readonly volumeStrays: number;
  readonly lastPrice: number | undefined;
  /** Epoch ms. */
  readonly lastTickMs: number | undefined;
  /** Exchange time of the newest packet, a tick or not, epoch ms. In LTP mode of the last tick. */
  readonly lastPacketMs: number | undefined;
  readonly sessionSum: number;
  readonly sessionOpen: number | undefined;
  readonly sessionHigh: number | undefined;
  readonly sessionLow: number | undefined;
  readonly exchangeAverage: number | undefined;
}

/** Repeats `read` until the row's version stayed the same, so that the result is of one moment. */
function underVersion<T>(m: ShardMemory, row: number, read: (slot: number) => T): T {
  for (;;) {
    const before = Atomics.load(m.i32, m.versions + row);
    const result = read(m.slotOf(row, before & 1));
    if (Atomics.load(m.i32, m.versions + row) === before) return result;
  }
}

const known = (value: number): number | undefined => (value > 0 ? value : undefined);

/** The row at one moment. */
export function readRow(m: ShardMemory, row: number): RowFigures {
  const f = m.f64;
  return underVersion(m, row, (s) => ({
    ticks: f[s + SLOT.ticks],
    snapshots: f[s + SLOT.snapshots],
    noTrade: f[s + SLOT.noTrade],
    duplicates: f[s + SLOT.duplicates],
    outOfSession: f[s + SLOT.outOfSession],
    volumeResets: f[s + SLOT.volumeResets],
    volumeStrays: f[s + SLOT.volumeStrays],
    lastPrice: known(f[s + SLOT.lastPrice]),
    lastTickMs: known(f[s + SLOT.lastTickTime]),
    lastPacketMs: known(Math.max(f[s + SLOT.seenAt], f[s + SLOT.lastTickTime])),
    sessionSum: f[s + SLOT.sessionSum],
    sessionOpen: known(f[s + SLOT.sessionOpen]),
    sessionHigh: known(f[s + SLOT.sessionHigh]),
    sessionLow: known(f[s + SLOT.sessionLow]),
    exchangeAverage: known(f[s + SLOT.exchangeAverage]),
  }));
}

/** Prices in wire units. */
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
  /** A connection's initial packet fell into it. */
  readonly hasSnapshot: boolean;
  readonly repaired: boolean;
  /** A packet of the session's tail changed it. */
  readonly tail: boolean;
  /** Seconds that a packet covered; exchange time of the last, epoch ms; longest time before one, ms. */
  readonly coveredSeconds: number;
  readonly lastSeenAt: number;
  readonly longestSilenceMs: number;
  /** Volume that may belong outside the bar, before or after; null: unknown. */
  readonly volSlack: number | null;
}

/** Double index of a bar, in the row's valid slot `s` or in the table. */
function locateBar(m: ShardMemory, row: number, s: number, bar: number): number {
  return m.f64[s + SLOT.barIndex] === bar ? s + SLOT.bar : m.barOf(row, bar);
}

/**
 * Reads one bar; undefined without a tick. The auction's bar is flat at its last price: earlier packets repeat the
 * old one.
 */
export function readBar(m: ShardMemory, row: number, bar: number): BarFigures | undefined {
  return underVersion(m, row, (s) => figuresOf(m, row, s, bar));
}

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
    repaired: (f[b + BAR.marks] & MARK.repaired) !== 0,
    tail: (f[b + BAR.marks] & MARK.tail) !== 0,
    coveredSeconds: f[b + BAR.coveredSeconds],
    lastSeenAt: f[b + BAR.lastSeenAt],
    longestSilenceMs: f[b + BAR.longestSilenceMs],
    volSlack: slackOf(m, row, s, bar),
  };
}

/** The slack of a bar's volume, at the edge with more (candles/candle.ts, `volSlack`). `s`: the row's valid slot. */
export function slackOf(m: ShardMemory, row: number, s: number, bar: number): number | null {
  const f = m.f64;
  const endMs = endOf(m, row, bar);
  if (f[s + SLOT.anchorConnection] === 0 || f[s + SLOT.anchorAt] < endMs) return null;
  const own = locateBar(m, row, s, bar);
  const before = Math.max(f[own + BAR.slackBefore], endSlackOf(m, row, s, bar));
  const last = lastTickBar(m, row, s);
  for (let next = bar + 1; next <= last; next++) {
    const b = locateBar(m, row, s, next);
    // Minutes of volume 0 have ticks whose volume came later: the first rise may belong to any of them.
    if (f[b + BAR.volume] > 0)
      return f[b + BAR.slackFrom] > 0 && f[b + BAR.slackFrom] <= bar + 1
        ? Math.max(before, f[b + BAR.slackBefore])
        : before;
  }
  return before;
}

/** The bar of the row's latest tick: later ones have none. -1 without a tick. */
function lastTickBar(m: ShardMemory, row: number, s: number): number {
  return stampBarAt(m, row, s + SLOT.lastTickTime);
}

/** A rise after the session may belong to the anchor's bar, and to the bars of volume 0 since. */
function endSlackOf(m: ShardMemory, row: number, s: number, bar: number): number {
  const f = m.f64;
  for (let last = bar; last >= 0; last--) {
    const b = locateBar(m, row, s, last);
    if (f[b + BAR.slackAfter] > 0 || f[b + BAR.volume] > 0) return f[b + BAR.slackAfter];
  }
  return 0;
}

/** Grows whenever a packet may have changed one of the row's sealed bars. */
export function sealedChangesOf(m: ShardMemory, row: number): number {
  return underVersion(m, row, (s) => m.f64[s + SLOT.sealedChanges]);
}

/** The bar of the row's last packet, with its index; undefined if sealed. */
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

/** Records waiting in the ring. */
export function ringDepth(m: ShardMemory): number {
  return (Atomics.load(m.i32, MAIN.tail) - Atomics.load(m.i32, SHARD.head)) | 0;
}

/**
 * How often the bar changed since its first seal, as far as the memory tells: it rises with each late packet, and once
 * each when its gap, its slack or its coverage are not what they were. 0 if it is open or had no tick then.
 */
export function changesSinceSeal(
  m: ShardMemory,
  row: number,
  bar: number,
  now: BarFigures,
  gapMs: number,
): number {
  const f = m.f64;
  const at = m.asSealedOf(row, bar);
  if (bar > Atomics.load(m.i32, SHARD.sealed) || f[at + AS_SEALED.ticks] === 0) return now.revision;
  return (
    now.revision +
    Number(f[at + AS_SEALED.gapMs] !== gapMs) +
    Number(f[at + AS_SEALED.volSlack] !== (now.volSlack ?? -1)) +
    Number(f[at + AS_SEALED.coveredSeconds] !== now.coveredSeconds)
  );
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

/** A bar's label: its start; for the auction the calendar's minute. Epoch ms. */
export function barLabelMs(m: ShardMemory, row: number, bar: number): number {
  const s = m.staticOf(row);
  return isAuction(m, bar) ? m.f64[s + STATIC.auctionLabelMs] : m.f64[s + STATIC.originMs] + bar * MINUTE_MS;
}

/**
 * Visits the row's bars that have ticks, ascending; only sealed ones unless `includeOpen`. An empty bar costs one
 * load: a day has hundreds. `read` gets the row's valid slot, and repeats until the bar is of one moment.
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

export interface CandleTally {
  readonly whole: number;
  readonly partial: number;
  readonly late: number;
  readonly revisions: number;
}

/** Counts the candles of `readCandles` without building them. */
export function tallyCandles(m: ShardMemory, row: number, includeOpen: boolean): CandleTally {
  const f = m.f64;
  const tally = { whole: 0, partial: 0, late: 0, revisions: 0 };
  // Called several times a second: reads only counted fields.
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

/** Visits the row's bars that have ticks, ascending, in wire units; only sealed ones unless `includeOpen`. */
export function eachBarFigures(
  m: ShardMemory,
  row: number,
  includeOpen: boolean,
  visit: (bar: number, figures: BarFigures, sealed: boolean) => void,
  from = 0,
): void {
  eachBar(m, row, includeOpen, (s, bar) => figuresOf(m, row, s, bar), visit, from);
}
