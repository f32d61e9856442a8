/**
 * Judges sequence numbers: one counter for each exchange and connection (docs/semantics.md, "Sequence"). A number that
 * the counter cannot have reached does not become its anchor until others agree. Until then its packet is held, so
 * that neither a stray number silences an instrument nor a counter that restarts. Allocates nothing.
 *
 * | a packet's number is                                | decision                                        |
 * | --------------------------------------------------- | ----------------------------------------------- |
 * | 0 or negative, an index's, or an initial packet's   | `use`, and the anchor stays                     |
 * | near the anchor                                     | `use`; three of them reject what is held        |
 * | elsewhere, and not near the number held before it   | `hold`; what is held is rejected                |
 * | elsewhere, the third that rises from those held     | `release`: use what is held, in order, and this |
 * | elsewhere otherwise                                 | `hold`                                          |
 */
import { isIndex, type Instrument } from '../market/instrument.js';
import { FIELD, MAX_SEQUENCE_FALL, type Packet } from '../market/packet.js';
import { FLAG } from '../memory/record.js';
import type { Arrival } from './arrival.js';
import { HeldPackets } from './held-packets.js';

/** Numbers that one exchange gives in a second at most: twenty times what was measured. */
const MAX_PER_SECOND = 20_000;
/** A counter may be ahead by as many without time for them. */
const MAX_JUMP = 1_000_000;
/** Packets that must rise from the first held, and that outvote those held. */
const SEQUENCE_VOTES = 3;
/** Packets held at most. With this number of packets elsewhere, and none near the anchor, the counter is there. */
export const MAX_HELD = 16;
/** Greatest exchange type on the wire, plus 1. */
const EXCHANGES = 256;
const TWO_32 = 2 ** 32;

/** Use the packet; hold it; use those held, then it. */
export type SequenceDecision = 'use' | 'hold' | 'release';

export class SequenceCheck {
  /** By exchange type: the number used last, NaN if none; when it arrived, market time. */
  readonly #anchors = new Float64Array(EXCHANGES).fill(NaN);
  readonly #anchorAtMs = new Float64Array(EXCHANGES);
  /** By exchange type: the number held last; how many rose in a row; how many near the anchor came since. */
  readonly #heldLast = new Float64Array(EXCHANGES);
  readonly #rises = new Int32Array(EXCHANGES);
  readonly #votesAgainst = new Int32Array(EXCHANGES);
  readonly #held: (HeldPackets | undefined)[] = [];
  #heldCount = 0;
  #connection = 0;
  readonly #onReject: (packets: number) => void;
  /** By instrument index: 1 for an index. */
  readonly #indices: Uint8Array;

  /** `onReject` learns how many held packets are not used. */
  constructor(instruments: readonly Instrument[], onReject: (packets: number) => void) {
    for (const { exchangeType } of instruments) this.#held[exchangeType] ??= new HeldPackets(MAX_HELD);
    this.#indices = Uint8Array.from(instruments, (one) => (isIndex(one) ? 1 : 0));
    this.#onReject = onReject;
  }

  /** Packets held now. */
  get heldCount(): number {
    return this.#heldCount;
  }

  /** The number that was used last, NaN if none. */
  anchorOf(exchangeType: number): number {
    return this.#anchors[exchangeType];
  }

  /** What `judge` held of this exchange type: used on `release`, then to be cleared with `clearHeld`. */
  heldOf(exchangeType: number): HeldPackets {
    return this.#held[exchangeType]!;
  }

  /** Judges an admitted packet. On `hold`, copies it. `flags`: FLAG of its record. */
  judge(packet: Packet, instrument: number, flags: number, arrival: Arrival): SequenceDecision {
    const { words, exchangeType: at } = packet;
    if (arrival.connection !== this.#connection) this.#begin(arrival.connection);
    const sequence = words[2 * FIELD.sequence + 1] * TWO_32 + (words[2 * FIELD.sequence] >>> 0);
    if (sequence <= 0 || this.#indices[instrument] === 1) return 'use';
    const anchor = this.#anchors[at];
    let decision: SequenceDecision = 'use';
    if (!Number.isNaN(anchor)) {
      // Cached packets come in no order, and may be of another day.
      if ((flags & FLAG.initial) !== 0) return 'use';
      const elapsedMs = Math.max(0, arrival.marketMs - this.#anchorAtMs[at]);
      if (isNear(anchor, sequence, elapsedMs)) this.#voteAgainst(at);
      else {
        const held = this.heldOf(at);
        if (held.count > 0 && !isNear(this.#heldLast[at], sequence, elapsedMs)) this.#reject(at);
        this.#rises[at] = held.count > 0 && sequence > this.#heldLast[at] ? this.#rises[at] + 1 : 0;
        if (this.#rises[at] < SEQUENCE_VOTES && held.count < MAX_HELD) {
          this.#heldLast[at] = sequence;
          held.add(packet, instrument, flags, arrival);
          this.#heldCount++;
          return 'hold';
        }
        decision = 'release';
      }
    }
    this.#anchors[at] = sequence;
    this.#anchorAtMs[at] = arrival.marketMs;
    return decision;
  }

  #voteAgainst(exchangeType: number): void {
    if (this.heldOf(exchangeType).count > 0 && ++this.#votesAgainst[exchangeType] === SEQUENCE_VOTES)
      this.#reject(exchangeType);
  }

  /** The fast path used packets up to number `sequence` of the exchange type, which arrived at `marketMs`. */
  advance(exchangeType: number, sequence: number, marketMs: number): void {
    this.#anchors[exchangeType] = sequence;
    this.#anchorAtMs[exchangeType] = marketMs;
  }

  clearHeld(exchangeType: number): void {
    const held = this.heldOf(exchangeType);
    this.#heldCount -= held.count;
    held.clear();
    this.#votesAgainst[exchangeType] = 0;
    this.#rises[exchangeType] = 0;
  }

  /** The connection or the run ended: nothing can agree any more. */
  rejectAll(): void {
    if (this.#heldCount > 0) this.#held.forEach((held, type) => held !== undefined && this.#reject(type));
  }

  #begin(connection: number): void {
    this.rejectAll();
    this.#connection = connection;
    this.#anchors.fill(NaN);
  }

  #reject(exchangeType: number): void {
    const { count } = this.heldOf(exchangeType);
    if (count === 0) return;
    this.clearHeld(exchangeType);
    this.#onReject(count);
  }
}

/** True if a counter at `anchor` can be at `sequence` after `elapsedMs`. */
function isNear(anchor: number, sequence: number, elapsedMs: number): boolean {
  const ahead = sequence - anchor;
  return ahead >= -MAX_SEQUENCE_FALL && ahead <= MAX_JUMP + (elapsedMs / 1000) * MAX_PER_SECOND;
}
