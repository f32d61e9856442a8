/**
 * The main thread's fast path (docs/fast-paths.md, "What the scan takes"): ordinary frames from bytes to ring
 * records in one loop, which the broker's scanner runs. What is ordinary is decided once a read. Decoder, packet
 * filter, watermark and router then have one possible answer each, and this is it.
 */
import assert from 'node:assert';
import type { TickScanner, ScanTarget } from '../../broker/scanner.js';
import { ScanWindow } from '../../broker/scanner.js';
import type { FrameCodec } from '../../broker/broker.js';
import { isIndex } from '../../market/instrument.js';
import { MAX_SEQUENCE_FALL, MODE } from '../../market/packet.js';
import { COUNTER } from '../../memory/counters.js';
import { STATIC } from '../../memory/layout.js';
import { FLAG, KIND, PLAIN_RECORD_SHIFT, RECORD, VOLUME_RECORD_SHIFT, whatOf } from '../../memory/record.js';
import type { RingWriter } from '../../memory/ring.js';
import type { RowPlace } from '../../memory/shard-reader.js';
import type { MessageBatch } from '../../broker/messages.js';
import type { Arrival } from '../arrival.js';
import { FeedLag, LAG } from '../feed-lag.js';
import { TRADE_AHEAD_MS, type PacketFilter } from '../packet-filter.js';
import { TRADE_REACH_SECONDS } from '../volume-record.js';
import { MAX_CONNECTIONS, type SequenceCheck } from '../sequence-check.js';
import type { Watermark } from '../watermark.js';

const { what: R_WHAT, sequenceLow: R_SEQUENCE } = RECORD;
/** Maximum frames taken before they are counted: more than a read of the socket holds. */
const MAX_UNCOUNTED = 2048;
const MAX_INT32 = 0x7fffffff;
const TWO_32 = 2 ** 32;
/** Half of what is near, so that any two ordinary numbers of a read are near each other. */
const SEQUENCE_REACH = MAX_SEQUENCE_FALL / 2;

export interface FastPathOptions {
  /** By instrument index. */
  readonly places: readonly RowPlace[];
  readonly rings: readonly RingWriter[];
  readonly filter: PacketFilter;
  readonly watermark: Watermark;
  readonly sequences: SequenceCheck;
  readonly counters: Float64Array;
  /** Undefined: no fast path. */
  readonly codec: FrameCodec | undefined;
}

/** What scans the frames of one connection; 0: of none yet. */
interface Lane {
  readonly scanner: TickScanner;
  connection: number;
}

function mostFrequent(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const one of numbers) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

export class FastPath {
  readonly lag = new FeedLag();
  readonly #stamp = { exchangeMs: NaN, nowMs: NaN, monoMs: NaN, originMs: NaN };
  /** Records carry their arrival's time. */
  measures = true;
  /** Makes a lane's scanner. Undefined: no fast path. */
  readonly #newScanner: (() => TickScanner | undefined) | undefined;
  /** At most MAX_CONNECTIONS; each knows the instruments whose first packet its connection delivered. */
  readonly #lanes: Lane[] = [];
  /** That of the current arrival. */
  #lane: Lane | undefined;
  readonly #window: ScanWindow;
  readonly #target: ScanTarget;
  readonly #rings: readonly RingWriter[];
  readonly #watermark: Watermark;
  readonly #sequences: SequenceCheck;
  /** Exchange type of ordinary frames: their numbers are one counter. */
  readonly #exchangeType: number;
  readonly #places: readonly RowPlace[];
  readonly #counters: Float64Array;
  /** Words of a record, as a shift. */
  readonly #recordShift: number;
  #isOpen = false;
  readonly #filter: PacketFilter;
  /** With several rings: records of the frames taken since the last flush, with instruments as `RECORD.what`. */
  readonly #staging: Int32Array;
  /** By instrument index. */
  readonly #whatOf: Int32Array;
  readonly #ringOf: Int32Array;
  #taken = 0;

  constructor({ places, rings, filter, watermark, sequences, counters, codec }: FastPathOptions) {
    this.#rings = rings;
    const single = rings.length === 1;
    const { memory } = rings[0];
    this.#recordShift = memory.shape.hasVolume ? VOLUME_RECORD_SHIFT : PLAIN_RECORD_SHIFT;
    this.#staging = new Int32Array(single ? 0 : MAX_UNCOUNTED << this.#recordShift);
    this.#target = single
      ? { records: memory.i32, start: 2 * memory.ring, mask: memory.ringMask }
      : { records: this.#staging, start: 0, mask: MAX_UNCOUNTED - 1 };
    const flags = memory.shape.hasVolume ? FLAG.hasVolume : 0;
    this.#whatOf = Int32Array.from(places, ({ row }) => whatOf(KIND.packet, flags, row));
    this.#ringOf = Int32Array.from(places, ({ shard }) => shard);
    const { f64, statics } = rings[places[0].shard].memory;
    this.#stamp.originMs = f64[statics + STATIC.originMs];
    this.#window = new ScanWindow({
      originMs: this.#stamp.originMs,
      tradeAheadMs: TRADE_AHEAD_MS,
      tradeReach: TRADE_REACH_SECONDS,
      lagCounts: this.lag.counts,
      lastPrices: filter.lastPrices,
    });
    this.#filter = filter;
    this.#watermark = watermark;
    this.#sequences = sequences;
    this.#places = places;
    this.#exchangeType = mostFrequent(places.map(({ instrument }) => instrument.exchangeType));
    this.#counters = counters;
    const instruments = places.map(({ instrument }) => instrument);
    const mode = Object.values(MODE).find((one) => one === filter.mode);
    assert(mode !== undefined, 'a run has one mode');
    // A scanner answers with `RECORD.what` of an instrument's ticks; with several rings, with its index.
    const answers = single ? this.#whatOf : instruments.map(({ index }) => index);
    this.#newScanner = codec && (() => codec.scannerFor(mode, instruments, answers));
  }

  /**
   * The connection delivered its first packet of an instrument: later frames can be ordinary. `before`: the one that
   * delivered the instrument's packets until then; 0: none.
   */
  enable(instrument: number, connection: number, before: number): void {
    // The instrument's packets on the connection before would be first packets again.
    const left = before === 0 ? undefined : this.#laneOf(before);
    if (left !== undefined) {
      left.scanner.disableAll();
      left.connection = 0;
    }
    const { instrument: one } = this.#places[instrument];
    // An index has no volume, and no sequence by which a frame would be ordinary.
    if (one.exchangeType === this.#exchangeType && !isIndex(one))
      (this.#laneOf(connection) ?? this.#assignLane(connection))?.scanner.enable(instrument);
  }

  #laneOf(connection: number): Lane | undefined {
    const lanes = this.#lanes;
    for (let k = 0; k < lanes.length; k++) if (lanes[k].connection === connection) return lanes[k];
    return undefined;
  }

  /** Gives a new connection a free lane, a new one, or that of the oldest. Undefined without fast path. */
  #assignLane(connection: number): Lane | undefined {
    const lanes = this.#lanes;
    let lane = lanes.find(({ connection: before }) => before === 0);
    if (lane === undefined && lanes.length < MAX_CONNECTIONS) {
      const scanner = this.#newScanner?.();
      if (scanner === undefined) return undefined;
      lane = { scanner, connection: 0 };
      lanes.push(lane);
    }
    lane ??= lanes.reduce((oldest, one) => (one.connection < oldest.connection ? one : oldest));
    lane.scanner.disableAll();
    lane.connection = connection;
    return lane;
  }

  /** An ordinary frame of this arrival took the ordinary path: until `close`, more are taken here. */
  open(arrival: Arrival): void {
    this.#isOpen = this.#begin(arrival);
  }

  /** `RECORD.receivedUs` of an arrival; 0: not measured. An arrival at 0 gives 1. */
  receivedUsOf(arrival: Arrival): number {
    if (!this.measures || arrival.monoMs === 0) return 0;
    const us = (arrival.monoMs * 1000) | 0;
    return us === 0 ? 1 : us;
  }

  /** Decides which frames of this arrival are ordinary; false if none is. */
  #begin(arrival: Arrival): boolean {
    const watermark = this.#watermark;
    const admittedFromMs = this.#filter.fromMs;
    // Read once: a returned double may be a new object.
    const { dueAtMs } = watermark;
    const { lag } = this;
    this.#lane = this.#laneOf(arrival.connection);
    if (
      this.#lane === undefined ||
      !lag.isKnown ||
      !watermark.isOrdinary(arrival) ||
      !(dueAtMs > admittedFromMs) ||
      !this.#setSequences(arrival.connection)
    )
      return false;
    const stamp = this.#stamp;
    const window = this.#window;
    const { originMs } = stamp;
    stamp.nowMs = arrival.marketMs;
    stamp.monoMs = arrival.monoMs;
    window.connection = arrival.connection;
    window.receivedUs = this.receivedUsOf(arrival);
    // Frames outside the lag histogram are not ordinary.
    window.lagFrom = lag.bucketZeroTime(arrival.marketMs - originMs);
    const untilMs = Math.min(
      dueAtMs,
      arrival.marketMs + watermark.ordinaryLeadMs,
      originMs + window.lagFrom + 1,
    );
    // The high word of epoch ms changes every seven weeks; a frame before that is not ordinary.
    window.timeHigh = Math.floor((untilMs - 1) / TWO_32) | 0;
    window.from =
      Math.max(
        admittedFromMs - originMs,
        window.timeHigh * TWO_32 - originMs,
        window.lagFrom - LAG.rangeMs + 1,
        -MAX_INT32,
      ) | 0;
    window.span = Math.max(0, Math.min(Math.ceil(untilMs) - originMs - window.from, MAX_INT32)) | 0;
    return true;
  }

  /** Decides which sequence numbers are ordinary; false if none is known. */
  #setSequences(connection: number): boolean {
    this.#sequences.select(connection);
    const anchor = this.#sequences.anchorOf(this.#exchangeType);
    // Comparing with NaN is false.
    if (!(anchor < TWO_32)) return false;
    const from = Math.max(1, anchor - SEQUENCE_REACH);
    this.#window.sequenceFrom = from | 0;
    this.#window.sequenceSpan = Math.min(anchor + SEQUENCE_REACH, TWO_32) - from;
    return true;
  }

  /** Frames taken but not yet in the counters. */
  get taken(): number {
    return this.#taken;
  }

  /** Closes the fast path: what comes next may make frames not ordinary. */
  close(): void {
    this.flush();
    this.#isOpen = false;
  }

  /** Reports to the watermark, the counters and the lag. */
  flush(): void {
    const taken = this.#taken;
    if (taken === 0) return;
    const stamp = this.#stamp;
    const window = this.#window;
    stamp.exchangeMs = stamp.originMs + window.latest;
    this.lag.addBatch(taken, stamp.nowMs - stamp.originMs, window.earliest, window.latest);
    this.#taken = 0;
    window.reset();
    this.#watermark.acceptOrdinary(stamp);
    const counters = this.#counters;
    counters[COUNTER.binary] += taken;
    counters[COUNTER.decoded] += taken;
    counters[COUNTER.routed] += taken;
  }

  /** Takes `messages` from `first` on while they are ordinary. Returns their number. */
  take(messages: MessageBatch, first: number, arrival: Arrival): number {
    if (!this.#isOpen) return 0;
    const stamp = this.#stamp;
    if (
      arrival.connection !== this.#window.connection ||
      arrival.marketMs !== stamp.nowMs ||
      arrival.monoMs !== stamp.monoMs
    ) {
      this.flush();
      if (!this.#begin(arrival)) return 0;
    }
    const rings = this.#rings;
    let max = Math.min(messages.count - first, MAX_UNCOUNTED - this.#taken);
    for (let k = 0; k < rings.length; k++) if (!rings[k].hasFree(max)) max = Math.min(max, rings[k].free());
    const single = rings.length === 1;
    const cursor = single ? rings[0].tail : this.#taken;
    const taken = this.#lane!.scanner.scan(messages, first, max, this.#window, this.#target, cursor);
    if (taken > 0) this.#noteSequence((cursor + taken - 1) | 0, arrival);
    if (single) rings[0].commitTo((cursor + taken) | 0);
    else this.#distribute(taken);
    this.#taken += taken;
    return taken;
  }

  /** The record at `cursor` was taken last. */
  #noteSequence(cursor: number, arrival: Arrival): void {
    const { records, start, mask } = this.#target;
    const sequence = records[start + ((cursor & mask) << this.#recordShift) + R_SEQUENCE] >>> 0;
    this.#sequences.advance(this.#exchangeType, sequence, arrival.marketMs);
  }

  /** Copies the last `count` staged records, each into its ring. */
  #distribute(count: number): void {
    const staging = this.#staging;
    const ringOf = this.#ringOf;
    const shift = this.#recordShift | 0;
    const recordWords = 1 << shift;
    const rings = this.#rings;
    const from = this.#taken | 0;
    const end = (from + count) | 0;
    for (let which = 0; which < rings.length; which++) {
      const { i32, ring, ringMask } = rings[which].memory;
      let cursor = rings[which].tail | 0;
      for (let k = from; k < end; k = (k + 1) | 0) {
        const s = k << shift;
        const instrument = staging[s];
        if (ringOf[instrument] !== which) continue;
        const w = (2 * ring + ((cursor & ringMask) << shift)) | 0;
        for (let word = 1; word < recordWords; word = (word + 1) | 0)
          i32[(w + word) | 0] = staging[(s + word) | 0];
        i32[(w + R_WHAT) | 0] = this.#whatOf[instrument];
        cursor = (cursor + 1) | 0;
      }
      rings[which].commitTo(cursor);
    }
  }
}
