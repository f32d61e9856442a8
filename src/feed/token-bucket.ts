/**
 * How much a server may say that is no packet, on one connection. Packets are never counted against it, however many;
 * they pay for garbage among them. So a feed in which every second message is garbage is still read, and one that
 * only floods is cut off.
 *
 *   what costs                            units
 *   a binary message that is no packet        1, and 1 more for every 256 bytes: it is journaled as it came
 *   a text, of whatever kind                 16, and the same for its bytes: it is parsed, journaled, may be logged
 *   a ping or a pong of the protocol          1
 *
 * A connection begins with 16,384 units, gets 256 a second, and one for every packet, and never has more than 16,384.
 * What an honest server says besides packets is two pongs every ten seconds and an answer to a request that it
 * refuses: some four units a second. 16,384 are a fraction of a second of work at any speed of the network, 1,024
 * lines in the log, and 4 MiB in the journal.
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

  /** `monoMs` is read when the units are used up, and not before. */
  constructor(monoMs: () => number) {
    this.#monoMs = monoMs;
    this.#grantedMs = monoMs();
  }

  /** A packet came. */
  earn(): void {
    if (this.#left < MOST) this.#left++;
  }

  /**
   * Something else came, of `bytes` bytes, for `units` and those of its bytes. Returns whether that was more than is
   * allowed.
   */
  spend(units: number, bytes: number): boolean {
    this.#left -= units + Math.floor(bytes / BYTES_A_UNIT);
    return this.#left < 0 && !this.#grant();
  }

  /** Adds what the time since the last grant is worth: all that came before it has been paid for. */
  #grant(): boolean {
    const nowMs = this.#monoMs();
    this.#left += Math.min(MOST, Math.floor(((nowMs - this.#grantedMs) / 1000) * PER_SECOND));
    this.#grantedMs = nowMs;
    return this.#left >= 0;
  }
}
