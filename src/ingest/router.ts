/**
 * From a decoded packet to a record in its shard's ring. Decides what must be the same for any number of shards:
 * rejection, watermark, SEAL, GAP, END.
 *
 * | caller         | effect                                                                                       |
 * | -------------- | -------------------------------------------------------------------------------------------- |
 * | `packet`       | rejects, holds or routes one packet; writes GAP and SEAL records that it causes              |
 * | `subscribed`   | the next packet of each instrument is its initial one                                        |
 * | `disconnected` | opens a gap at the last frame                                                                |
 * | `advanceTo`    | in silence, advances the watermark and seals what is due                                     |
 * | `end`          | opens the last gap and writes END                                                            |
 * | `publish`      | makes all records visible to the shards (`mark`, `publishMarked`: only what the journal has) |
 *
 * Never waits. `aboveHighWater` asks to pause the socket when a ring may not hold the next read; `belowLowWater` lets
 * it resume when every ring is half empty.
 */
import assert from 'node:assert';
import { COUNTER } from '../memory/counters.js';
import { SHARD, STATIC, type ShardMemory } from '../memory/layout.js';
import { FLAG, KIND, RECORD, GAP_CAUSES, whatOf, type GapCause } from '../memory/record.js';
import { RingWriter } from '../memory/ring.js';
import type { RowPlace } from '../memory/shard-reader.js';
import { isIndex } from '../market/instrument.js';
import { FIELD, MODE, type Packet } from '../market/packet.js';
import type { FrameCodec } from '../broker/broker.js';
import { READ_BYTES } from '../broker/messages.js';
import type { Arrival } from './arrival.js';
import type { PacketFilter, RejectReason } from './packet-filter.js';
import { Gaps } from './gaps.js';
import { HeldPackets } from './held-packets.js';
import { isVolumeNarrow, writeVolume } from './volume-record.js';
import { MAX_HELD, SequenceCheck } from './sequence-check.js';
import { FastPath } from './fast/fast-path.js';
import { VOTES, type Watermark } from './watermark.js';

/** A WebSocket frame's header, at least. */
const HEADER_BYTES = 2;
/** Records that one read can make: its packets, held packets, and the controls that they cause. */
const readRecords = (minFrameBytes: number): number =>
  Math.ceil(READ_BYTES / (minFrameBytes + HEADER_BYTES)) + 1 + VOTES + MAX_HELD + 400;
/** With fewer free slots in a ring the socket is paused. */
const RESERVE_RECORDS = 2048;

/**
 * In LTP mode an initial packet later than both after subscribing is live. Both: an accelerated market's hiccup is
 * short in real ms.
 */
const CACHED_MARKET_MS = 5000;
const CACHED_REAL_MS = 250;

const counterOf: Record<RejectReason, number> = {
  exchange: COUNTER.unadmittedExchange,
  token: COUNTER.unadmittedToken,
  mode: COUNTER.unadmittedMode,
  price: COUNTER.unadmittedPrice,
  time: COUNTER.unadmittedTime,
};

export interface RouterOptions {
  readonly memories: readonly ShardMemory[];
  /** By instrument index. */
  readonly places: readonly RowPlace[];
  readonly filter: PacketFilter;
  readonly watermark: Watermark;
  readonly counters: Float64Array;
  readonly codec: FrameCodec;
  readonly fastPaths: boolean;
}

/** Called with each decision, in order. */
export interface DecisionObserver {
  sealed(through: number): void;
  /** Market time from `startMs` to `endMs` was not seen, epoch ms; an open gap ends at Infinity. */
  gap(startMs: number, endMs: number): void;
  /** At market time `endMs`. */
  ended(endMs: number): void;
}

export class Router {
  readonly #rings: RingWriter[];
  readonly #places: readonly RowPlace[];
  readonly #filter: PacketFilter;
  readonly #watermark: Watermark;
  readonly #counters: Float64Array;
  /** Of each instrument's last packet, by instrument index. */
  readonly #connectionOf: Int32Array;
  /** 1 for an index; by instrument index. */
  readonly #isIndex: Uint8Array;
  /** Held for their time; SequenceCheck has those held for their sequence. */
  readonly #held = new HeldPackets(VOTES);
  readonly #sequences: SequenceCheck;
  /** Of the last admitted packet. */
  readonly packetTime = { exchangeMs: NaN, nowMs: NaN, monoMs: NaN };
  readonly #gaps: Gaps;
  readonly fastPath: FastPath;
  #ended = false;
  #observer: DecisionObserver | undefined;

  constructor(options: RouterOptions) {
    assert(
      RESERVE_RECORDS >= readRecords(options.codec.minFrameBytes),
      'the reserve holds one read of the socket',
    );
    for (const memory of options.memories)
      assert(memory.shape.slots >= 2 * RESERVE_RECORDS, 'a ring holds two reads of the socket');
    this.#rings = options.memories.map((memory) => new RingWriter(memory));
    this.#places = options.places;
    this.#filter = options.filter;
    this.#watermark = options.watermark;
    this.#gaps = new Gaps(options.watermark, (cause, startMs, endMs) =>
      this.#writeGap(cause, startMs, endMs),
    );
    this.#counters = options.counters;
    this.#connectionOf = new Int32Array(options.places.length);
    this.#isIndex = Uint8Array.from(options.places, ({ instrument }) => (isIndex(instrument) ? 1 : 0));
    this.#sequences = new SequenceCheck(
      options.places.map(({ instrument }) => instrument),
      (packets) => (this.#counters[COUNTER.unadmittedSequence] += packets),
    );
    this.fastPath = new FastPath({
      places: options.places,
      rings: this.#rings,
      filter: options.filter,
      watermark: options.watermark,
      sequences: this.#sequences,
      counters: options.counters,
      codec: options.fastPaths ? options.codec : undefined,
    });
  }

  observeDecisions(decisions: DecisionObserver): void {
    this.#observer = decisions;
  }

  /** Opens the gap until the first live packet. `fromMs`: any time before the run's first candle. */
  openInitialGap(fromMs: number): void {
    this.#gaps.open('start', fromMs);
  }

  /** On a new connection, numbered upwards from 1. */
  subscribed(arrival: Arrival): void {
    this.fastPath.close();
    this.#gaps.subscribed(arrival);
  }

  /** The connection ended: a gap opens at its last frame, even if the clock advanced the watermark since. */
  disconnected(): void {
    this.fastPath.close();
    this.#sequences.rejectAll();
    if (this.#watermark.unseenFromMs !== undefined)
      this.#gaps.open('connection', this.#watermark.unseenFromMs);
  }

  /**
   * Takes a decoded packet, and keeps nothing of it. Returns its instrument's index, even if rejected; -1: unknown. A
   * rejected packet too counts as its instrument's initial one on the connection.
   */
  packet(packet: Packet, arrival: Arrival): number {
    assert(!this.#ended, 'a packet after END would not be applied');
    this.fastPath.close();
    const reason = this.#filter.judge(packet);
    const instrument = this.#filter.instrument;
    // What an index's packet says of volume is 0 at all times: its ticks are its packets, as in LTP mode.
    let flags = packet.mode === MODE.ltp || this.#isIndex[instrument] === 1 ? 0 : FLAG.hasVolume;
    if (instrument >= 0 && this.#connectionOf[instrument] !== arrival.connection) {
      this.fastPath.enable(instrument, arrival.connection, this.#connectionOf[instrument]);
      this.#connectionOf[instrument] = arrival.connection;
      flags |= FLAG.initial;
      const { marketMs, monoMs } = this.#gaps.subscription;
      // A cached packet that waited in the socket during our pause also comes late.
      if (
        arrival.marketMs - Math.max(marketMs, this.#watermark.silenceResetAtMs) > CACHED_MARKET_MS &&
        arrival.monoMs - monoMs > CACHED_REAL_MS
      )
        flags |= FLAG.live;
    }
    if (reason !== undefined) {
      this.#counters[counterOf[reason]]++;
      return instrument;
    }
    if (this.#filter.isOutsideRange) this.#counters[COUNTER.outsideRange]++;
    const decision = this.#sequences.judge(packet, instrument, flags, arrival);
    if (decision === 'hold') {
      this.#counters[COUNTER.heldSequence]++;
      return instrument;
    }
    if (decision === 'release') this.#useHeld(packet.exchangeType);
    this.#use(packet, instrument, flags, arrival);
    return instrument;
  }

  /** Uses what was held for its sequence, in order. */
  #useHeld(exchangeType: number): void {
    const held = this.#sequences.heldOf(exchangeType);
    for (let k = 0; k < held.count; k++) {
      const one = held.at(k);
      this.#use(one.packet, one.instrument, one.flags, one);
    }
    this.#sequences.clearHeld(exchangeType);
  }

  /** Routes a packet of which all but the time is judged, or holds it for its time; seals what is due. */
  #use(packet: Packet, instrument: number, flags: number, arrival: Arrival): void {
    const { packetTime } = this;
    const { words } = packet;
    // Written out: V8 allocates an object for a returned double unless inlined.
    packetTime.exchangeMs =
      words[2 * FIELD.exchangeMs + 1] * 4294967296 + (words[2 * FIELD.exchangeMs] >>> 0);
    packetTime.nowMs = arrival.marketMs;
    packetTime.monoMs = arrival.monoMs;
    const live = isLive(flags) && this.#watermark.isNewest(packetTime);
    const silentFrom =
      live && this.#watermark.endsSilence(packetTime) ? this.#watermark.unseenFromMs : undefined;
    const decision = this.#watermark.decide(packetTime, live);
    if (silentFrom !== undefined && (decision === 'use' || decision === 'release'))
      this.#gaps.addSilence(silentFrom, packetTime.exchangeMs);
    if (decision === 'use') {
      if (live) this.#gaps.closeOnLive(arrival);
      this.#route(packet, instrument, flags, arrival);
      if (this.#held.count > 0 && this.#watermark.dropOutvoted()) this.#rejectHeld();
    } else if (decision === 'release') {
      this.#releaseHeld();
      if (live) this.#gaps.closeOnLive(arrival);
      this.#route(packet, instrument, flags, arrival);
    } else {
      if (decision === 'replace') this.#rejectHeld();
      this.#held.add(packet, instrument, flags, arrival);
      this.#counters[COUNTER.held]++;
    }
    this.#seal(arrival);
    if (decision === 'use' && this.#held.count === 0 && this.heldForSequence === 0 && !this.#gaps.isOpen)
      this.fastPath.open(arrival);
  }

  /** In silence, advances the watermark to `marketMs` and seals what is due. */
  advanceTo(marketMs: number): void {
    if (this.#ended) return;
    this.fastPath.close();
    this.#watermark.advanceTo(marketMs);
    this.#seal(undefined);
  }

  /** Ends the run, once: opens the last gap and writes END, where the shards stop. No packet may follow. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.fastPath.close();
    this.#sequences.rejectAll();
    this.#rejectHeld();
    const endMs = this.#watermark.seenUntilMs ?? 0;
    this.#gaps.open('end', endMs);
    for (const ring of this.#rings) ring.control(KIND.end, 0, endMs, 0);
    this.#observer?.ended(endMs);
  }

  /**
   * Writes a SEAL into every ring if a bar is due. `arrival`: of the packet that made it due; undefined: time did.
   */
  #seal(arrival: Arrival | undefined): void {
    const through = this.#watermark.takeDueBar();
    if (through === undefined) return;
    this.#counters[COUNTER.seals]++;
    for (const ring of this.#rings)
      ring.control(KIND.seal, through, 0, 0, arrival === undefined ? 0 : this.fastPath.receivedUsOf(arrival));
    this.#observer?.sealed(through);
  }

  /** Makes everything written visible to the shards. */
  publish(): void {
    this.fastPath.flush();
    for (const ring of this.#rings) ring.publish();
  }

  /** Marks what was written for `publishMarked`, when the journal has it. */
  mark(): void {
    this.fastPath.flush();
    for (const ring of this.#rings) ring.mark();
  }

  /** Makes what was marked visible to the shards. */
  publishMarked(): void {
    for (const ring of this.#rings) ring.publishMarked();
  }

  /** Packets that are held until others agree with their sequence. */
  get heldForSequence(): number {
    return this.#sequences.heldCount;
  }

  /** Fewest free slots of any ring. */
  free(): number {
    let least = Infinity;
    for (const ring of this.#rings) least = Math.min(least, ring.free());
    return least;
  }

  /** True if every ring has at least `slots` free. */
  hasFree(slots: number): boolean {
    for (const ring of this.#rings) if (!ring.hasFree(slots)) return false;
    return true;
  }

  /** The socket must pause: a ring may not hold the next read. Cheap enough for each packet. */
  get aboveHighWater(): boolean {
    return !this.hasFree(RESERVE_RECORDS);
  }

  /** Every ring is at least half empty. */
  get belowLowWater(): boolean {
    for (const ring of this.#rings) if (!ring.hasFree(ring.memory.shape.slots / 2)) return false;
    return true;
  }

  /** Resolves when the shard of the fullest ring has taken records, or after `maxMs` real ms. */
  async progress(maxMs: number): Promise<void> {
    const fullest = this.#rings.reduce((most, ring) => (ring.free() < most.free() ? ring : most));
    await fullest.progress(maxMs);
  }

  /** Every shard has applied what was published. */
  get isDrained(): boolean {
    return this.#rings.every((ring) => ring.free() === ring.memory.shape.slots);
  }

  /** Every shard has applied END. */
  get ended(): boolean {
    return this.#rings.every((ring) => Atomics.load(ring.memory.i32, SHARD.ended) === 1);
  }

  #route(packet: Packet, instrument: number, flags: number, arrival: Arrival): void {
    const place = this.#places[instrument];
    const ring = this.#rings[place.shard];
    const at = ring.claim();
    const { f64, i32, statics } = ring.memory;
    const { words } = packet;
    const narrow =
      words[2 * FIELD.price + 1] === 0 &&
      words[2 * FIELD.price] > 0 &&
      words[2 * FIELD.sequence + 1] === 0 &&
      ((flags & FLAG.hasVolume) === 0 || isVolumeNarrow(ring.memory, packet));
    i32[2 * at + RECORD.what] = whatOf(KIND.packet, narrow ? flags : flags | FLAG.wide, place.row);
    i32[2 * at + RECORD.receivedUs] = this.fastPath.receivedUsOf(arrival);
    i32[2 * at + RECORD.connection] = arrival.connection;
    i32[2 * at + RECORD.time] =
      words[2 * FIELD.exchangeMs + 1] * 4294967296 +
      (words[2 * FIELD.exchangeMs] >>> 0) -
      f64[statics + STATIC.originMs];
    i32[2 * at + RECORD.priceLow] = words[2 * FIELD.price];
    i32[2 * at + RECORD.priceHigh] = words[2 * FIELD.price + 1];
    i32[2 * at + RECORD.sequenceLow] = words[2 * FIELD.sequence];
    i32[2 * at + RECORD.sequenceHigh] = words[2 * FIELD.sequence + 1];
    if ((flags & FLAG.hasVolume) !== 0) writeVolume(ring.memory, at, packet, narrow);
    ring.commit();
    this.#counters[COUNTER.routed]++;
  }

  #writeGap(cause: GapCause, startMs: number, endMs: number): void {
    if (endMs === Infinity) this.#counters[COUNTER.gaps]++;
    for (const ring of this.#rings) ring.control(KIND.gap, GAP_CAUSES.indexOf(cause), startMs, endMs);
    this.#observer?.gap(startMs, endMs);
  }

  #releaseHeld(): void {
    for (let k = 0; k < this.#held.count; k++) {
      const held = this.#held.at(k);
      // Far ahead of all before it, so newest.
      if (isLive(held.flags)) this.#gaps.closeOnLive(held);
      this.#route(held.packet, held.instrument, held.flags, held);
    }
    this.#held.clear();
  }

  #rejectHeld(): void {
    this.#counters[COUNTER.unadmittedTime] += this.#held.count;
    this.#held.clear();
  }
}

/** False for the cached packet that answers a subscription. */
function isLive(flags: number): boolean {
  return (flags & FLAG.initial) === 0 || (flags & FLAG.live) !== 0;
}
