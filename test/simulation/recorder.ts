/**
 * The real intake, with each call written down: for replays with other numbers of shards, and for the naive fold, which
 * gets the outcome of each frame that the watermark judged. The counters show that outcome: used, held, released with
 * others, or rejected.
 */
import type { MessageBatch } from '../../src/broker/messages.js';
import { Intake, type IntakeOptions } from '../../src/ingest/intake.js';
import type { Arrival } from '../../src/ingest/arrival.js';
import { COUNTER } from '../../src/memory/counters.js';
import { STATIC } from '../../src/memory/layout.js';
import type { Engine } from '../../src/ingest/engine.js';
import type { NaivePacket } from '../naive.js';
import { clockOf, must } from './violation.js';

export type Call =
  | { readonly kind: 'binary'; readonly bytes: Uint8Array; readonly arrival: Arrival }
  | { readonly kind: 'subscribed'; readonly arrival: Arrival }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'tick' | 'excuse'; readonly marketMs: number };

export class Recorder extends Intake {
  readonly calls: Call[] = [];
  /** For the naive fold, in the order in which frames took effect. */
  readonly packets: NaivePacket[] = [];
  readonly gaps: { fromMs: number; toMs: number }[] = [];
  readonly #engine: Engine;
  /** The latest minute sealed, and that before the current frame; Infinity: the auction. */
  #sealedMs = -Infinity;
  #sealedBeforeMs = -Infinity;
  #subscribedAt: Arrival = { connection: 0, monoMs: 0, marketMs: 0 };
  #silenceResetAtMs = -Infinity;
  readonly #connectionOf = new Map<string, number>();
  #held: NaivePacket[] = [];
  /** Packets that were held for their sequence, and used: the naive fold holds these itself. */
  #released = 0;
  /** Place in `packets` of the first that is held for its sequence. */
  #waitingFrom = 0;
  /** Frames refused for a time that was only too far ahead. */
  refusedAhead = 0;

  constructor(options: IntakeOptions, say: (what: string) => void) {
    super(options);
    this.#engine = options.engine;
    options.engine.router.observeDecisions({
      sealed: (through) => {
        say(`SEAL ${through}`);
        const { memories, places } = options.engine;
        const opens = places.map(({ shard, row }) => {
          const memory = memories[shard];
          return memory.f64[memory.statics + row * STATIC.size + STATIC.openMs];
        });
        const last = memories[0].shape.bars - 1;
        this.#sealedMs = through === last ? Infinity : Math.min(...opens) + through * 60_000;
      },
      gap: (fromMs, toMs) => {
        say(`GAP ${clockOf(fromMs)} to ${Number.isFinite(toMs) ? clockOf(toMs) : '...'}`);
        this.#noteGap(fromMs, toMs);
      },
      ended: () => undefined,
    });
    // The gap before everything was opened when the engine was built.
    this.#noteGap(0, Infinity);
  }

  #noteGap(fromMs: number, toMs: number): void {
    const last = this.gaps.at(-1);
    if (last?.fromMs === fromMs) last.toMs = toMs;
    else this.gaps.push({ fromMs, toMs });
  }

  override takeOrdinary(messages: MessageBatch, first: number, arrival: Arrival): number {
    this.#sealedBeforeMs = this.#sealedMs;
    const taken = super.takeOrdinary(messages, first, arrival);
    for (let k = first; k < first + taken; k++) {
      const { connection, monoMs, marketMs } = arrival;
      const copy = messages.slice(k).slice();
      this.calls.push({ kind: 'binary', bytes: copy, arrival: { connection, monoMs, marketMs } });
      this.#follow(copy, arrival, true, 0, 1, 0);
    }
    return taken;
  }

  override binary(bytes: Uint8Array, arrival: Arrival): number {
    const { counters, router } = this.#engine;
    const copy = bytes.slice();
    const { connection, monoMs, marketMs } = arrival;
    if (!this.ended)
      this.calls.push({ kind: 'binary', bytes: copy, arrival: { connection, monoMs, marketMs } });
    this.#sealedBeforeMs = this.#sealedMs;
    const held = counters[COUNTER.held];
    if (router.heldForSequence === 0) this.#waitingFrom = this.packets.length;
    const refused = counters[COUNTER.unadmittedTime];
    const decoded = counters[COUNTER.decoded] + router.fastPath.taken;
    const routed = counters[COUNTER.routed] + router.fastPath.taken;
    const result = super.binary(bytes, arrival);
    const { taken } = router.fastPath;
    const settled = counters[COUNTER.unadmittedSequence] + this.#released;
    const released = counters[COUNTER.heldSequence] - settled - router.heldForSequence;
    this.#released += released;
    if (!this.ended)
      this.#follow(
        copy,
        arrival,
        counters[COUNTER.decoded] + taken > decoded,
        counters[COUNTER.held] - held,
        counters[COUNTER.routed] + taken - routed,
        counters[COUNTER.unadmittedTime] - refused,
        released,
      );
    must('conservation', router.free() >= 0, () => `a ring holds more than its slots: ${router.free()} free`);
    return result;
  }

  /**
   * What a frame's fate was, told by what it changed: kept frames, records routed, and frames refused for their time.
   */
  #follow(
    bytes: Uint8Array,
    arrival: Arrival,
    decoded: boolean,
    held: number,
    routed: number,
    refused: number,
    released = 0,
  ): void {
    const token = Buffer.from(bytes.subarray(1, 27)).toString('latin1');
    const first = this.#connectionOf.get(token) !== arrival.connection;
    if (decoded) this.#connectionOf.set(token, arrival.connection);
    const packet: NaivePacket = {
      bytes,
      connection: arrival.connection,
      // A frame that waited during a pause of ours does not show when it was sent.
      marketMsSinceSubscribe:
        arrival.marketMs - Math.max(this.#subscribedAt.marketMs, this.#silenceResetAtMs),
      realMsSinceSubscribe: arrival.monoMs - this.#subscribedAt.monoMs,
      first,
      sealedMs: this.#sealedBeforeMs,
    };
    if (released > 0) return this.#followReleased(packet, released, routed, refused);
    if (held === 1) {
      must(
        'conservation',
        routed === 0 && refused === (refused > 0 ? this.#held.length : 0),
        () => 'a frame was held and something else happened',
      );
      if (refused > 0) this.#refuseKept();
      this.#held.push(packet);
      return;
    }
    if (routed > 1) {
      must(
        'conservation',
        routed === this.#held.length + 1,
        () => `${routed} frames were released where ${this.#held.length} were held`,
      );
      this.packets.push(...this.#heldNow());
      this.#held = [];
    } else if (routed === 1 && refused > 0) {
      must(
        'conservation',
        refused === this.#held.length,
        () => `${refused} frames were rejected where ${this.#held.length} were held`,
      );
      this.#refuseKept();
    }
    this.packets.push(packet);
  }

  /** `packet` released others that were held for their sequence, and with them those held for their time. */
  #followReleased(packet: NaivePacket, released: number, routed: number, refused: number): void {
    const kept = this.#held.length;
    must(
      'conservation',
      routed === released + 1 + kept || (routed === released + 1 && refused === kept),
      () => `${routed} frames were released where ${kept} and ${released} were held`,
    );
    if (refused > 0) this.#refuseKept();
    // Their own sequence was judged when they came, before those released.
    this.packets.splice(this.#waitingFrom, 0, ...this.#heldNow());
    this.packets.push(packet);
    this.#held = [];
  }

  /** Those held, which take effect with the current frame. */
  #heldNow(): NaivePacket[] {
    return this.#held.map((packet) => ({ ...packet, sealedMs: this.#sealedBeforeMs }));
  }

  #refuseKept(): void {
    this.refusedAhead += this.#held.length;
    this.#held = [];
  }

  override subscribed(arrival: Arrival): void {
    this.#subscribedAt = { ...arrival };
    this.calls.push({ kind: 'subscribed', arrival: { ...arrival } });
    super.subscribed(arrival);
  }

  override disconnected(): void {
    if (!this.ended) this.calls.push({ kind: 'disconnected' });
    super.disconnected();
  }

  override advanceTo(marketMs: number): void {
    if (!this.ended) this.calls.push({ kind: 'tick', marketMs });
    super.advanceTo(marketMs);
  }

  override resetSilence(marketMs: number): void {
    this.calls.push({ kind: 'excuse', marketMs });
    this.#silenceResetAtMs = marketMs;
    super.resetSilence(marketMs);
  }

  override end(): void {
    super.end();
    this.#refuseKept();
  }
}
