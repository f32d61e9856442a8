/**
 * Packets held until others agree with them (docs/semantics.md, "Sequence" and "Sealing"). Their memory is allocated
 * once.
 */
import { Packet } from '../market/packet.js';
import type { Arrival } from './arrival.js';

export interface HeldPacket extends Arrival {
  readonly packet: Packet;
  readonly instrument: number;
  readonly flags: number;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

export class HeldPackets {
  readonly #slots: Writable<HeldPacket>[];
  #count = 0;

  constructor(capacity: number) {
    this.#slots = Array.from({ length: capacity }, () => ({
      packet: new Packet(),
      instrument: -1,
      flags: 0,
      connection: 0,
      monoMs: 0,
      marketMs: 0,
    }));
  }

  get count(): number {
    return this.#count;
  }

  /** Copies what a record needs of the packet. */
  add(packet: Packet, instrument: number, flags: number, arrival: Arrival): void {
    const slot = this.#slots[this.#count++];
    slot.packet.mode = packet.mode;
    slot.packet.exchangeType = packet.exchangeType;
    slot.packet.words.set(packet.words);
    slot.instrument = instrument;
    slot.flags = flags;
    slot.connection = arrival.connection;
    slot.monoMs = arrival.monoMs;
    slot.marketMs = arrival.marketMs;
  }

  /** The k-th packet added since `clear`. */
  at(k: number): HeldPacket {
    return this.#slots[k];
  }

  clear(): void {
    this.#count = 0;
  }
}
