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
import { READ_BYTES } from '../broker/messages.js';
import type { Arrival } from './arrival.js';
import type { PacketFilter, RejectReason } from './packet-filter.js';
import { Gaps } from './gaps.js';
import { HeldPackets } from './held-packets.js';
import { LtpFastPath } from './fast/ltp-fast-path.js';
import { VOTES, type Watermark } from './watermark.js';

/** The fewest bytes that a packet takes on the wire (51 and a 2-byte header). */
const WIRE_BYTES = 53;
/** Records that one read can make: its packets, those kept for agreement, and the controls they cause. */
export const READ_RECORDS = Math.ceil(READ_BYTES / WIRE_BYTES) + 1 + VOTES + 400;
/** The fewest free slots with which reading goes on. */
export const RESERVE = 2048;
assert(RESERVE >= READ_RECORDS, 'the reserve holds one read of the socket');

/** In LTP mode a first packet later than this after subscribing is no cached one. Market ms, and real ms so that an accelerated market's hiccup is not taken for a tick. */
const CACHED_MARKET_MS = 5000;
const CACHED_REAL_MS = 250;

const unadmittedCounter: Record<RejectReason, number> = {
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
  readonly admission: PacketFilter;
  readonly sealer: Watermark;
  readonly counters: Float64Array;
}

/** Told of each decision when it is made, in order: for a journal of them. */
export interface Decisions {
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
  readonly #admission: PacketFilter;
  readonly #sealer: Watermark;
  readonly #counters: Float64Array;
  /** The connection on which each instrument was heard last, by instrument index. */
  readonly #heardOn: Int32Array;
  readonly #kept = new HeldPackets();
  /** Stamp of the packet that was judged last. */
  readonly stamp = { exchangeMs: NaN, nowMs: NaN, monoMs: NaN };
  readonly #gaps: Gaps;
  /** The lane for ordinary frames of LTP mode. */
  readonly quick: LtpFastPath;
  #ended = false;
  #decisions: Decisions | undefined;

  constructor(options: RouterOptions) {
    for (const memory of options.memories)
      assert(memory.shape.slots >= 2 * RESERVE, 'a ring holds two reads of the socket');
    this.#rings = options.memories.map((memory) => new RingWriter(memory));
    this.#places = options.places;
    this.#admission = options.admission;
    this.#sealer = options.sealer;
    this.#gaps = new Gaps(options.sealer, (startMs, endMs) => this.#writeGap(startMs, endMs));
    this.#counters = options.counters;
    this.#heardOn = new Int32Array(options.places.length);
    this.quick = new LtpFastPath({
      places: options.places,
      rings: this.#rings,
      sealer: options.sealer,
      counters: options.counters,
    });
  }

  /** Names who is told of decisions from now on. */
  tell(decisions: Decisions): void {
    this.#decisions = decisions;
  }

  /** Before anything was seen: everything until the first live packet is a gap. `fromMs`: a time before any candle of the run. */
  start(fromMs: number): void {
    this.#gaps.open(fromMs);
  }

  /** The subscriptions were sent on a new connection. Connections are numbered upwards from 1. */
  subscribed(arrival: Arrival): void {
    this.quick.shut();
    this.#gaps.subscribed(arrival);
  }

  /** The connection ended: from the last thing it said on, whatever the clock made of T since, nothing was seen. */
  disconnected(): void {
    this.quick.shut();
    if (this.#sealer.unseenFromMs !== undefined) this.#gaps.open(this.#sealer.unseenFromMs);
  }

  /**
   * Takes a decoded packet. Returns the index of its instrument when it is known, whether or not the packet was admitted, else -1.
   * The packet is scratch: nothing of it is kept. A refused packet was heard nevertheless: it was the cached one if it came first.
   */
  packet(packet: Packet, arrival: Arrival): number {
    assert(!this.#ended, 'a packet after END: nobody would apply it');
    this.quick.shut();
    const reason = this.#admission.judge(packet);
    const instrument = this.#admission.instrument;
    let flags = packet.mode === MODE.ltp ? 0 : FLAG.traded;
    if (instrument >= 0 && this.#heardOn[instrument] !== arrival.connection) {
      this.#heardOn[instrument] = arrival.connection;
      this.quick.heard(instrument, arrival.connection);
      flags |= FLAG.first;
      const { marketMs, monoMs } = this.#gaps.subscription;
      // A cached packet that waited behind a pause of ours comes late, too.
      if (
        arrival.marketMs - Math.max(marketMs, this.#sealer.excusedAtMs) > CACHED_MARKET_MS &&
        arrival.monoMs - monoMs > CACHED_REAL_MS
      )
        flags |= FLAG.fresh;
    }
    if (reason !== undefined) {
      this.#counters[unadmittedCounter[reason]]++;
      return instrument;
    }
    const { stamp } = this;
    const { words } = packet;
    // Written out: a double that a call returns is a new object wherever the call is not compiled into its caller.
    stamp.exchangeMs = words[2 * FIELD.exchangeMs + 1] * 4294967296 + (words[2 * FIELD.exchangeMs] >>> 0);
    stamp.nowMs = arrival.marketMs;
    stamp.monoMs = arrival.monoMs;
    const live = isLive(flags) && this.#sealer.isNewest(stamp);
    const silentFrom = live && this.#sealer.endsSilence(stamp) ? this.#sealer.unseenFromMs : undefined;
    const judgement = this.#sealer.judge(stamp, live);
    if (silentFrom !== undefined && (judgement === 'use' || judgement === 'release'))
      this.#gaps.wasMute(silentFrom, stamp.exchangeMs);
    if (judgement === 'use') {
      if (live) this.#gaps.seen(arrival);
      this.#route(packet, instrument, flags, arrival);
      if (this.#kept.count > 0 && this.#sealer.outvoted()) this.#refuseKept();
    } else if (judgement === 'release') {
      this.#releaseKept();
      if (live) this.#gaps.seen(arrival);
      this.#route(packet, instrument, flags, arrival);
    } else {
      if (judgement === 'replace') this.#refuseKept();
      this.#kept.add(packet, instrument, flags, arrival);
      this.#counters[COUNTER.held]++;
    }
    this.#seal(arrival);
    if (
      judgement === 'use' &&
      this.#admission.mode === MODE.ltp &&
      this.#kept.count === 0 &&
      !this.#gaps.isOpen
    )
      this.quick.open(arrival, this.#admission.fromMs);
    return instrument;
  }

  /** Moves market time in silence, and seals what is due. */
  tick(marketMs: number): void {
    if (this.#ended) return;
    this.quick.shut();
    this.#sealer.tick(marketMs);
    this.#seal(undefined);
  }

  /** The run ends: what is not whole stays open, and the shards stop when they have read it. No packet may follow; a second END is none. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.quick.shut();
    this.#refuseKept();
    const endMs = this.#sealer.seenUntilMs ?? 0;
    this.#gaps.open(endMs);
    for (const ring of this.#rings) ring.control(KIND.end, 0, endMs, 0);
    this.#decisions?.ended(endMs);
  }

  /** Writes one SEAL into every ring when a minute has become due. `arrival`: that of the packet that made it due; undefined when time alone did. */
  #seal(arrival: Arrival | undefined): void {
    const through = this.#sealer.due();
    if (through === undefined) return;
    this.#counters[COUNTER.seals]++;
    for (const ring of this.#rings)
      ring.control(KIND.seal, through, 0, 0, arrival === undefined ? 0 : this.quick.receivedUsOf(arrival));
    this.#decisions?.sealed(through);
  }

  /** Shows the shards everything written so far. */
  publish(): void {
    this.quick.flush();
    for (const ring of this.#rings) ring.publish();
  }

  /** Takes everything written so far together, for `publishMarked`: what is to be seen only when it is in the journal. */
  mark(): void {
    this.quick.flush();
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
  get pressed(): boolean {
    return !this.hasFree(RESERVE);
  }

  /** Whether reading may go on: every ring is at least half empty. */
  get relieved(): boolean {
    for (const ring of this.#rings) if (!ring.hasFree(ring.memory.shape.slots / 2)) return false;
    return true;
  }

  /** Whether every shard has applied everything that was published. */
  get drained(): boolean {
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
    i32[2 * at + RECORD.receivedUs] = this.quick.receivedUsOf(arrival);
    i32[2 * at + RECORD.connection] = arrival.connection;
    i32[2 * at + RECORD.time] =
      words[2 * FIELD.exchangeMs + 1] * 4294967296 +
      (words[2 * FIELD.exchangeMs] >>> 0) -
      f64[statics + STATIC.originMs];
    i32[2 * at + RECORD.priceLow] = words[2 * FIELD.price];
    i32[2 * at + RECORD.priceHigh] = words[2 * FIELD.price + 1];
    i32[2 * at + RECORD.sequenceLow] = words[2 * FIELD.sequence];
    i32[2 * at + RECORD.sequenceHigh] = words[2 * FIELD.sequence + 1];
    if ((flags & FLAG.traded) !== 0) {
      f64[at + RECORD.pickedMs] =
        words[2 * FIELD.exchangeMs + 1] * 4294967296 + (words[2 * FIELD.exchangeMs] >>> 0);
      if (packet.mode === MODE.snapquote)
        f64[at + RECORD.pickedMs] = packet.number(FIELD.lastTradeSeconds) * 1000;
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
    this.#decisions?.gap(startMs, endMs);
  }

  #releaseKept(): void {
    for (let k = 0; k < this.#kept.count; k++) {
      const kept = this.#kept.at(k);
      // It was far ahead of all before it, so it was new.
      if (isLive(kept.flags)) this.#gaps.seen(kept);
      this.#route(kept.packet, kept.instrument, kept.flags, kept);
    }
    this.#kept.forget();
  }

  #refuseKept(): void {
    this.#counters[COUNTER.unadmittedTime] += this.#kept.count;
    this.#kept.forget();
  }
}

/** Whether a packet with these flags is not the cached one that answers a subscription. */
function isLive(flags: number): boolean {
  return (flags & FLAG.first) === 0 || (flags & FLAG.fresh) !== 0;
}
