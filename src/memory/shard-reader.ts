/**
 * The reading side of a shard's memory: rows, bars, gaps. Any thread may call these functions while the shard writes:
 * a row is read again if its version changed meanwhile. Nothing here writes.
 */
import { type Instrument } from '../market/instrument.js';
import { endOf, isAuction, readSpan, SPAN, stampBarAt } from './bar-times.js';
import { GAP, MAIN, SHARD, SLOT, type ShardMemory } from './layout.js';
import {
  BAR,
  AS_SEALED,
  MARK,
  STORED_SEALED,
  COVERED_MASK,
  HALF,
  SEALED_COVERED_AT,
  SEALED_SNAPSHOT_AT,
} from './bar.js';
import { GAP_CAUSES, type GapCause } from './record.js';
import {
  hasStoredSnapshot,
  hasStoredTicks,
  SEALED_FIELDS,
  SEALED_WORDS,
  readStoredBar,
  storedLate,
  storedRevision,
} from './stored-bar.js';

/** An instrument's shard, and its row in it. */
export interface RowPlace {
  readonly instrument: Instrument;
  readonly shard: number;
  readonly row: number;
}

const span = new Float64Array(SPAN.size);

/** Market ms of gaps in the bar, and in its tail; above 0, it is partial. */
export function gapMsIn(m: ShardMemory, row: number, bar: number): number {
  const count = Atomics.load(m.i32, SHARD.gaps);
  readSpan(m, row, bar, span);
  let unseen = 0;
  for (let k = 0; k < count; k++) {
    const from = Math.max(m.f64[m.gaps + k * GAP.size + GAP.startMs], span[SPAN.start]);
    const to = Math.min(m.f64[m.gaps + k * GAP.size + GAP.endMs], span[SPAN.toldUntil]);
    if (from < to) unseen += to - from;
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
  /** Of the newest packet that told one (SnapQuote). */
  readonly openInterest: number | undefined;
}

/** Repeats `read` until the row's version stayed the same, so that the result is of one moment. */
export function underVersion<T>(m: ShardMemory, row: number, read: (slot: number) => T): T {
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
    openInterest: known(f[s + SLOT.openInterest]),
  }));
}

/** In wire units. */
export interface BarPrices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface BarFigures extends BarPrices {
  readonly ticks: number;
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
  /** Open interest that packets of the minute told; 0: none. */
  readonly oiHigh: number;
  readonly oiLow: number;
  readonly oiClose: number;
}

/**
 * Prices and volume of a bar or a candle as sealed, whose fields are at `at`. An auction's are flat at its last price:
 * earlier packets repeat the old one.
 */
export function pricesIn(from: Float64Array, at: BarPrices, auction: boolean): BarPrices {
  const close = from[at.close];
  return {
    open: auction ? close : from[at.open],
    high: auction ? close : from[at.high],
    low: auction ? close : from[at.low],
    close,
    volume: from[at.volume],
  };
}

/** This thread's copies of a bar that is read, and of those around it. */
const own = new Float64Array(BAR.size);
const other = new Float64Array(BAR.size);
const asSealed = new Float64Array(AS_SEALED.size);

/** Copies a bar of the row, whose valid slot is `s`, to `to` (BAR). Without a tick if the row has no such bar. */
export function copyBar(m: ShardMemory, row: number, s: number, bar: number, to: Float64Array): void {
  const f = m.f64;
  if (f[s + SLOT.barIndex] === bar) for (let k = 0; k < BAR.size; k++) to[k] = f[s + SLOT.bar + k];
  else if (m.hasBar(row, bar)) readStoredBar(m, row, bar, to, 0);
  else to.fill(0);
}

/** Reads one bar; undefined without a tick. */
export function readBar(m: ShardMemory, row: number, bar: number): BarFigures | undefined {
  return underVersion(m, row, (s) => figuresOf(m, row, s, bar));
}

function figuresOf(m: ShardMemory, row: number, s: number, bar: number): BarFigures | undefined {
  copyBar(m, row, s, bar, own);
  if (own[BAR.ticks] === 0) return undefined;
  return {
    ticks: own[BAR.ticks],
    ...pricesIn(own, BAR, isAuction(m, row, bar)),
    priceChanges: own[BAR.priceChanges],
    late: own[BAR.late],
    revision: own[BAR.revision],
    hasSnapshot: own[BAR.hasSnapshot] === 1,
    repaired: (own[BAR.marks] & MARK.repaired) !== 0,
    tail: (own[BAR.marks] & MARK.tail) !== 0,
    coveredSeconds: own[BAR.coveredSeconds],
    lastSeenAt: own[BAR.lastSeenAt],
    longestSilenceMs: own[BAR.longestSilenceMs],
    volSlack: slackOf(m, row, s, bar, own[BAR.slackBefore]),
    oiHigh: own[BAR.oiHigh],
    oiLow: own[BAR.oiLow],
    oiClose: own[BAR.oiClose],
  };
}

/**
 * The slack of a bar's volume, at the edge with more (candles/candle.ts, `volSlack`). `s`: the row's valid slot;
 * `slackBefore`: the bar's.
 */
export function slackOf(
  m: ShardMemory,
  row: number,
  s: number,
  bar: number,
  slackBefore: number,
): number | null {
  const f = m.f64;
  if (f[s + SLOT.anchorConnection] === 0 || f[s + SLOT.anchorAt] < endOf(m, row, bar)) return null;
  const before = Math.max(slackBefore, endSlackOf(m, row, s, bar));
  const last = lastTickBar(m, row, s);
  for (let next = bar + 1; next <= last; next++) {
    if (!m.hasBar(row, next)) continue;
    copyBar(m, row, s, next, other);
    // Minutes of volume 0 have ticks whose volume came later: the first rise may belong to any of them.
    if (other[BAR.volume] > 0)
      return other[BAR.slackFrom] > 0 && other[BAR.slackFrom] <= bar + 1
        ? Math.max(before, other[BAR.slackBefore])
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
  for (let last = bar; last >= m.firstBar[row]; last--) {
    if (!m.hasBar(row, last)) continue;
    copyBar(m, row, s, last, other);
    if (other[BAR.slackAfter] > 0 || other[BAR.volume] > 0) return other[BAR.slackAfter];
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

/** Reads the candle of the row's bar at its first seal into `to` (AS_SEALED). False if it had no tick then. */
export function readStoredAsSealed(m: ShardMemory, row: number, bar: number, to: Float64Array): boolean {
  const { f64: f, i32 } = m;
  const w = m.sealedOf(row, bar);
  const counts = i32[w + STORED_SEALED.counts];
  if (counts === 0) return false;
  if (counts < 0) {
    const wide = m.wideBarOf(row, bar) + BAR.size;
    for (let k = 0; k < AS_SEALED.size; k++) to[k] = f[wide + k];
    return true;
  }
  for (let k = 0; k < SEALED_FIELDS.length; k++) to[SEALED_FIELDS[k]] = i32[w + SEALED_WORDS[k]] >>> 0;
  to[AS_SEALED.ticks] = counts & HALF;
  to[AS_SEALED.coveredSeconds] = (counts >> SEALED_COVERED_AT) & COVERED_MASK;
  to[AS_SEALED.hasSnapshot] = (counts >> SEALED_SNAPSHOT_AT) & 1;
  to[AS_SEALED.volSlack] = (i32[w + STORED_SEALED.volSlack] >>> 0) - 1;
  return true;
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
  if (bar > Atomics.load(m.i32, SHARD.sealed) || !readStoredAsSealed(m, row, bar, asSealed))
    return now.revision;
  return (
    now.revision +
    Number(asSealed[AS_SEALED.gapMs] !== gapMs) +
    Number(asSealed[AS_SEALED.volSlack] !== (now.volSlack ?? -1)) +
    Number(asSealed[AS_SEALED.coveredSeconds] !== now.coveredSeconds)
  );
}

/** The candle at its first seal, in wire units; undefined if the minute had no tick then. */
export function readAsSealed(
  m: ShardMemory,
  row: number,
  bar: number,
): (BarPrices & { readonly partial: boolean }) | undefined {
  if (bar > Atomics.load(m.i32, SHARD.sealed) || !m.hasBar(row, bar)) return undefined;
  if (!readStoredAsSealed(m, row, bar, asSealed)) return undefined;
  return {
    ...pricesIn(asSealed, AS_SEALED, isAuction(m, row, bar)),
    partial: asSealed[AS_SEALED.gapMs] > 0 || asSealed[AS_SEALED.hasSnapshot] === 1,
  };
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
    if (!m.hasBar(row, bar) || (bar !== current && !hasStoredTicks(m, row, bar))) continue;
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
    const b = s + SLOT.bar;
    if (f[s + SLOT.barIndex] === bar)
      return f[b + BAR.ticks] === 0
        ? undefined
        : { hasSnapshot: f[b + BAR.hasSnapshot] === 1, late: f[b + BAR.late], revision: f[b + BAR.revision] };
    return hasStoredTicks(m, row, bar)
      ? {
          hasSnapshot: hasStoredSnapshot(m, row, bar),
          late: storedLate(m, row, bar),
          revision: storedRevision(m, row, bar),
        }
      : undefined;
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
