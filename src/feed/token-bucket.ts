/**
 * Bounds what a server may send that is no packet, on one connection. Packets are free and pay for garbage among
 * them: a feed of which every second message is garbage is still read, one that only floods is cut off.
 *
 *   what costs                            units
 *   a binary message that is no packet        1, and 1 more for every 256 bytes: it is journaled as it came
 *   a text, of whatever kind                 16, and the same for its bytes: it is parsed, journaled, may be logged
 *   a ping or a pong of the protocol          1
 *
 * A connection begins with 16,384 units, its maximum, and gets 256 a second and one for every packet. An honest
 * server needs some four a second: two pongs every ten seconds and an answer to a refused request. 16,384 are a
 * fraction of a second of work at any network speed, 1,024 lines in the log, and 4 MiB in the journal.
 */

/** Units. */
export const TOKEN_BUCKET = {
  most: 16_384,
  perSecond: 256,
  control: 1,
  binary: 1,
  text: 16,
  bytesAUnit: 256,
} as const;

const { most: MOST, perSecond: PER_SECOND, bytesAUnit: BYTES_A_UNIT } = TOKEN_BUCKET;
export class TokenBucket {
  readonly #monoMs: () => number;
  #left: number = MOST;
  #grantedMs: number;

  /** `monoMs` is read only when the units are used up. */
  constructor(monoMs: () => number) {
    this.#monoMs = monoMs;
    this.#grantedMs = monoMs();
  }

  /** For a packet. */
  earn(): void {
    if (this.#left < MOST) this.#left++;
  }

  /** Pays `units`, and those of `bytes` bytes, for what is no packet. Returns true if that exceeds the allowance. */
  spend(units: number, bytes: number): boolean {
    this.#left -= units + Math.floor(bytes / BYTES_A_UNIT);
    return this.#left < 0 && !this.#grant();
  }

  /** Adds the units of the time since the last grant. */
  #grant(): boolean {
    const nowMs = this.#monoMs();
    this.#left += Math.min(MOST, Math.floor(((nowMs - this.#grantedMs) / 1000) * PER_SECOND));
    this.#grantedMs = nowMs;
    return this.#left >= 0;
  }
}
