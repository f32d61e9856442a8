import type { Packet } from '../../market/packet.js';

interface DelayedPacket {
  readonly index: number;
  readonly packet: Packet;
  /** The sum of SENT_TO. */
  readonly modes: number;
}

export class DelayedPackets {
  /** By the market second of their release, epoch ms. */
  readonly #due = new Map<number, DelayedPacket[]>();
  #next = Infinity;

  /** The caller must not use `packet` again. */
  add(dueMs: number, index: number, packet: Packet, modes: number): void {
    const held = this.#due.get(dueMs);
    if (held === undefined) this.#due.set(dueMs, [{ index, packet, modes }]);
    else held.push({ index, packet, modes });
    this.#next = Math.min(this.#next, dueMs);
  }

  /** Of the next release, epoch ms; Infinity without one. */
  get nextMs(): number {
    return this.#next;
  }

  /** Publishes what is due by `ms`, by due time, then arrival. */
  release(ms: number, publish: (index: number, packet: Packet, modes: number) => void): void {
    while (this.#next <= ms) {
      for (const { index, packet, modes } of this.#due.get(this.#next)!) publish(index, packet, modes);
      this.#due.delete(this.#next);
      this.#next = Math.min(Infinity, ...this.#due.keys());
    }
  }
}
