/**
 * The router: the main thread's side of the line, from a decoded packet to a record in the right ring, with the decisions that
 * must be the same for any number of shards: admission, market time, SEAL, GAP, END.
 *
 * Records are seen by the shards when the caller publishes them, no sooner. It never waits: when a ring has fewer free slots than one read
 * of the socket can fill, it asks for the socket to be paused, and resumed when every ring is half empty.
 */
import assert from 'node:assert';
import { COUNTER } from '../memory/counters.js';
import { FLAG, KIND, RECORD, SHARD, STATIC, type ShardMemory } from '../memory/layout.js';
import { whatOf } from '../memory/record.js';
import { RingWriter } from '../memory/ring.js';
import type { RowPlace } from '../memory/shard-reader.js';
import { FIELD, MODE, type Packet } from '../market/packet.js';
import type { FrameCodec } from '../broker/broker.js';
import { READ_BYTES } from '../broker/messages.js';
import type { Arrival } from './arrival.js';
import type { PacketFilter, RejectReason } from './packet-filter.js';
import { Gaps } from './gaps.js';
import { HeldPackets } from './held-packets.js';
import { LtpFastPath } from './fast/ltp-fast-path.js';
import { VOTES, type Watermark } from './watermark.js';

/** Bytes of the shortest WebSocket header, which each message has on the wire. */
const HEADER_BYTES = 2;
/** Records that one read can make: its packets, those held for agreement, and the controls they cause. */
const readRecords = (minFrameBytes: number): number =>
  Math.ceil(READ_BYTES / (minFrameBytes + HEADER_BYTES)) + 1 + VOTES + 400;
/** Minimum number of free slots with which reading continues. */
const RESERVE_RECORDS = 2048;

/** In LTP mode a first packet later than this after subscribing is no cached one. Market ms, and real ms so that an accelerated market's hiccup is not taken for a tick. */
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

/** Told of each decision when it is made, in order: for a journal of them. */
export interface DecisionObserver {
  /** Every bar up to and including `through` is sealed. */
  sealed(through: number): void;
  /** Nothing could be seen from `startMs` to `endMs`, epoch ms of market time; the end is infinite while it is open. */
  gap(startMs: number, endMs: number): void;
  /** The run's last record, at market time `endMs`. */
  ended(endMs: number): void;
}

export class Router {
  readonly #rings: RingWriter[];
  readonly #places: readonly RowPlace[];
  readonly #filter: PacketFilter;
  readonly #watermark: Watermark;
  readonly #counters: Float64Array;
  /** The connection on which each instrument was heard last, by instrument index. */
  readonly #connectionOf: Int32Array;
  readonly #held = new HeldPackets();
  /** Stamp of the packet that was judged last. */
  readonly packetTime = { exchangeMs: NaN, nowMs: NaN, monoMs: NaN };
  readonly #gaps: Gaps;
  /** The lane for ordinary frames of LTP mode. */
  readonly fastPath: LtpFastPath;
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
    this.#gaps = new Gaps(options.watermark, (startMs, endMs) => this.#writeGap(startMs, endMs));
    this.#counters = options.counters;
    this.#connectionOf = new Int32Array(options.places.length);
    this.fastPath = new LtpFastPath({
      places: options.places,
      rings: this.#rings,
      watermark: options.watermark,
      counters: options.counters,
      codec: options.fastPaths ? options.codec : undefined,
    });
  }

  /** Names who is told of decisions from now on. */
  observeDecisions(decisions: DecisionObserver): void {
    this.#observer = decisions;
  }

  /** Before anything was seen: everything until the first live packet is a gap. `fromMs`: a time before any candle of the run. */
  openInitialGap(fromMs: number): void {
    this.#gaps.open(fromMs);
  }

  /** The subscriptions were sent on a new connection. Connections are numbered upwards from 1. */
  subscribed(arrival: Arrival): void {
    this.fastPath.close();
    this.#gaps.subscribed(arrival);
  }

  /** The connection ended: from the last thing it said on, whatever the clock made of T since, nothing was seen. */
  disconnected(): void {
    this.fastPath.close();
    if (this.#watermark.unseenFromMs !== undefined) this.#gaps.open(this.#watermark.unseenFromMs);
  }

  /**
   * Takes a decoded packet. Returns the index of its instrument when it is known, whether or not the packet was admitted, else -1.
   * The packet is scratch: nothing of it is kept. A refused packet was heard nevertheless: it was the cached one if it came first.
   */
  packet(packet: Packet, arrival: Arrival): number {
    assert(!this.#ended, 'a packet after END: nobody would apply it');
    this.fastPath.close();
    const reason = this.#filter.judge(packet);
    const instrument = this.#filter.instrument;
    let flags = packet.mode === MODE.ltp ? 0 : FLAG.hasVolume;
    if (instrument >= 0 && this.#connectionOf[instrument] !== arrival.connection) {
      this.#connectionOf[instrument] = arrival.connection;
      this.fastPath.enable(instrument, arrival.connection);
      flags |= FLAG.initial;
      const { marketMs, monoMs } = this.#gaps.subscription;
      // A cached packet that waited behind a pause of ours comes late, too.
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
    const { packetTime } = this;
    const { words } = packet;
    // Written out: a double that a call returns is a new object wherever the call is not compiled into its caller.
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
    if (decision === 'use' && this.#filter.mode === MODE.ltp && this.#held.count === 0 && !this.#gaps.isOpen)
      this.fastPath.open(arrival, this.#filter.fromMs);
    return instrument;
  }

  /** Moves market time in silence, and seals what is due. */
  advanceTo(marketMs: number): void {
    if (this.#ended) return;
    this.fastPath.close();
    this.#watermark.advanceTo(marketMs);
    this.#seal(undefined);
  }

  /** The run ends: what is not whole stays open, and the shards stop when they have read it. No packet may follow; a second END is none. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.fastPath.close();
    this.#rejectHeld();
    const endMs = this.#watermark.seenUntilMs ?? 0;
    this.#gaps.open(endMs);
    for (const ring of this.#rings) ring.control(KIND.end, 0, endMs, 0);
    this.#observer?.ended(endMs);
  }

  /** Writes one SEAL into every ring when a minute has become due. `arrival`: that of the packet that made it due; undefined when time alone did. */
  #seal(arrival: Arrival | undefined): void {
    const through = this.#watermark.takeDueBar();
    if (through === undefined) return;
    this.#counters[COUNTER.seals]++;
    for (const ring of this.#rings)
      ring.control(KIND.seal, through, 0, 0, arrival === undefined ? 0 : this.fastPath.receivedUsOf(arrival));
    this.#observer?.sealed(through);
  }

  /** Shows the shards everything written so far. */
  publish(): void {
    this.fastPath.flush();
    for (const ring of this.#rings) ring.publish();
  }

  /** Takes everything written so far together, for `publishMarked`: what is to be seen only when it is in the journal. */
  mark(): void {
    this.fastPath.flush();
    for (const ring of this.#rings) ring.mark();
  }

  /** Shows the shards what was marked last. */
  publishMarked(): void {
    for (const ring of this.#rings) ring.publishMarked();
  }

  /** Fewest free slots of any ring. */
  free(): number {
    let least = Infinity;
    for (const ring of this.#rings) least = Math.min(least, ring.free());
    return least;
  }

  /** Whether every ring has at least `slots` free slots. */
  hasFree(slots: number): boolean {
    for (const ring of this.#rings) if (!ring.hasFree(slots)) return false;
    return true;
  }

  /** Whether reading must pause now: the next read might not find a slot. Cheap enough to be asked for each packet. */
  get aboveHighWater(): boolean {
    return !this.hasFree(RESERVE_RECORDS);
  }

  /** Whether reading may go on: every ring is at least half empty. */
  get belowLowWater(): boolean {
    for (const ring of this.#rings) if (!ring.hasFree(ring.memory.shape.slots / 2)) return false;
    return true;
  }

  /** Whether every shard has applied everything that was published. */
  get isDrained(): boolean {
    return this.#rings.every((ring) => ring.free() === ring.memory.shape.slots);
  }

  /** Whether every shard has applied END. */
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
      words[2 * FIELD.price + 1] === 0 && words[2 * FIELD.price] > 0 && words[2 * FIELD.sequence + 1] === 0;
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
    if ((flags & FLAG.hasVolume) !== 0) {
      f64[at + RECORD.tickTimeMs] =
        words[2 * FIELD.exchangeMs + 1] * 4294967296 + (words[2 * FIELD.exchangeMs] >>> 0);
      if (packet.mode === MODE.snapquote)
        f64[at + RECORD.tickTimeMs] = packet.number(FIELD.lastTradeSeconds) * 1000;
      f64[at + RECORD.volume] = packet.number(FIELD.volume);
      f64[at + RECORD.averagePrice] = packet.number(FIELD.averagePrice);
      f64[at + RECORD.dayOpen] = packet.number(FIELD.dayOpen);
      f64[at + RECORD.dayHigh] = packet.number(FIELD.dayHigh);
      f64[at + RECORD.dayLow] = packet.number(FIELD.dayLow);
    }
    ring.commit();
    this.#counters[COUNTER.routed]++;
  }

  #writeGap(startMs: number, endMs: number): void {
    if (endMs === Infinity) this.#counters[COUNTER.gaps]++;
    for (const ring of this.#rings) ring.control(KIND.gap, 0, startMs, endMs);
    this.#observer?.gap(startMs, endMs);
  }

  #releaseHeld(): void {
    for (let k = 0; k < this.#held.count; k++) {
      const held = this.#held.at(k);
      // It was far ahead of all before it, so it was new.
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

/** Whether a packet with these flags is not the cached one that answers a subscription. */
function isLive(flags: number): boolean {
  return (flags & FLAG.initial) === 0 || (flags & FLAG.live) !== 0;
}
