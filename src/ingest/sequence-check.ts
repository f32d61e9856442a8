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
/** Connections that may deliver in turns: three, and a new one in place of one of them. */
export const MAX_CONNECTIONS = 4;
/** Greatest exchange type on the wire, plus 1. */
const EXCHANGES = 256;
const TWO_32 = 2 ** 32;

/** Use the packet; hold it; use those held, then it. */
export type SequenceDecision = 'use' | 'hold' | 'release';

/** The counters of one connection. */
class ConnectionCounters {
  readonly connection: number;
  /** By exchange type: the number used last, NaN if none; when it arrived, market time. */
  readonly anchors = new Float64Array(EXCHANGES).fill(NaN);
  readonly anchorAtMs = new Float64Array(EXCHANGES);
  /** By exchange type: the number held last; how many rose in a row; how many near the anchor came since. */
  readonly heldLast = new Float64Array(EXCHANGES);
  readonly rises = new Int32Array(EXCHANGES);
  readonly votesAgainst = new Int32Array(EXCHANGES);
  readonly held: (HeldPackets | undefined)[] = [];

  constructor(connection: number, exchangeTypes: Iterable<number>) {
    this.connection = connection;
    for (const exchangeType of exchangeTypes) this.held[exchangeType] = new HeldPackets(MAX_HELD);
  }
}

export class SequenceCheck {
  /** The newest connections, at most MAX_CONNECTIONS, in the order in which they began. */
  readonly #connections: ConnectionCounters[] = [];
  /** Of the packet that was judged last. */
  #current: ConnectionCounters;
  #heldCount = 0;
  readonly #onReject: (packets: number) => void;
  readonly #exchangeTypes: ReadonlySet<number>;
  /** By instrument index: 1 for an index. */
  readonly #indices: Uint8Array;

  /** `onReject` learns how many held packets are not used. */
  constructor(instruments: readonly Instrument[], onReject: (packets: number) => void) {
    this.#exchangeTypes = new Set(instruments.map(({ exchangeType }) => exchangeType));
    this.#indices = Uint8Array.from(instruments, (one) => (isIndex(one) ? 1 : 0));
    this.#onReject = onReject;
    this.#current = this.#begin(0);
  }

  /** Packets held now. */
  get heldCount(): number {
    return this.#heldCount;
  }

  /** Makes the connection the one of the calls that follow. */
  select(connection: number): void {
    if (this.#current.connection === connection) return;
    const connections = this.#connections;
    for (let k = 0; k < connections.length; k++)
      if (connections[k].connection === connection) {
        this.#current = connections[k];
        return;
      }
    this.#current = this.#begin(connection);
  }

  /** The number that was used last on the selected connection, NaN if none. */
  anchorOf(exchangeType: number): number {
    return this.#current.anchors[exchangeType];
  }

  /** What `judge` held of this exchange type: used on `release`, then to be cleared with `clearHeld`. */
  heldOf(exchangeType: number): HeldPackets {
    return this.#current.held[exchangeType]!;
  }

  /** Judges an admitted packet, and selects its connection. On `hold`, copies it. `flags`: FLAG of its record. */
  judge(packet: Packet, instrument: number, flags: number, arrival: Arrival): SequenceDecision {
    const { words, exchangeType: at } = packet;
    this.select(arrival.connection);
    const sequence = words[2 * FIELD.sequence + 1] * TWO_32 + (words[2 * FIELD.sequence] >>> 0);
    if (sequence <= 0 || this.#indices[instrument] === 1) return 'use';
    const { anchors, anchorAtMs, heldLast, rises } = this.#current;
    const anchor = anchors[at];
    let decision: SequenceDecision = 'use';
    if (!Number.isNaN(anchor)) {
      // Cached packets come in no order, and may be of another day.
      if ((flags & FLAG.initial) !== 0) return 'use';
      const elapsedMs = Math.max(0, arrival.marketMs - anchorAtMs[at]);
      if (isNear(anchor, sequence, elapsedMs)) this.#voteAgainst(at);
      else {
        const held = this.heldOf(at);
        if (held.count > 0 && !isNear(heldLast[at], sequence, elapsedMs)) this.#reject(this.#current, at);
        rises[at] = held.count > 0 && sequence > heldLast[at] ? rises[at] + 1 : 0;
        if (rises[at] < SEQUENCE_VOTES && held.count < MAX_HELD) {
          heldLast[at] = sequence;
          held.add(packet, instrument, flags, arrival);
          this.#heldCount++;
          return 'hold';
        }
        decision = 'release';
      }
    }
    anchors[at] = sequence;
    anchorAtMs[at] = arrival.marketMs;
    return decision;
  }

  #voteAgainst(exchangeType: number): void {
    const { votesAgainst } = this.#current;
    if (this.heldOf(exchangeType).count > 0 && ++votesAgainst[exchangeType] === SEQUENCE_VOTES)
      this.#reject(this.#current, exchangeType);
  }

  /** The fast path used packets of the selected connection up to number `sequence`, which arrived at `marketMs`. */
  advance(exchangeType: number, sequence: number, marketMs: number): void {
    this.#current.anchors[exchangeType] = sequence;
    this.#current.anchorAtMs[exchangeType] = marketMs;
  }

  /** On the selected connection. */
  clearHeld(exchangeType: number): void {
    this.#clear(this.#current, exchangeType);
  }

  /** A connection or the run ended: nothing can agree any more. */
  rejectAll(): void {
    if (this.#heldCount > 0) for (const one of this.#connections) this.#rejectOf(one);
  }

  #begin(connection: number): ConnectionCounters {
    const begun = new ConnectionCounters(connection, this.#exchangeTypes);
    if (this.#connections.push(begun) > MAX_CONNECTIONS) this.#rejectOf(this.#connections.shift()!);
    return begun;
  }

  #rejectOf(counters: ConnectionCounters): void {
    for (const exchangeType of this.#exchangeTypes) this.#reject(counters, exchangeType);
  }

  #reject(counters: ConnectionCounters, exchangeType: number): void {
    const { count } = counters.held[exchangeType]!;
    if (count === 0) return;
    this.#clear(counters, exchangeType);
    this.#onReject(count);
  }

  #clear(counters: ConnectionCounters, exchangeType: number): void {
    const held = counters.held[exchangeType]!;
    this.#heldCount -= held.count;
    held.clear();
    counters.votesAgainst[exchangeType] = 0;
    counters.rises[exchangeType] = 0;
  }
}

/** True if a counter at `anchor` can be at `sequence` after `elapsedMs`. */
function isNear(anchor: number, sequence: number, elapsedMs: number): boolean {
  const ahead = sequence - anchor;
  return ahead >= -MAX_SEQUENCE_FALL && ahead <= MAX_JUMP + (elapsedMs / 1000) * MAX_PER_SECOND;
}
