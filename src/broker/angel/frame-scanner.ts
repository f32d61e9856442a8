/** What the scanners of all modes share: finding a frame's instrument, and going on after a token was moved. */
import type { Instrument } from '../../market/instrument.js';
import { RECORD } from '../../memory/record.js';
import type { MessageBatch } from '../messages.js';
import type { ScanTarget, ScanWindow, TickScanner } from '../scanner.js';
import { FRAME_LENGTH, LTP_AT } from './frames.js';
import { TokenTable } from './token-table.js';

const TOKEN_AT = LTP_AT.token;
const TOKEN_TAIL = TOKEN_AT + 4;

/** True if `value` is not one of `span` from `from` on; 32 bits, wrapping. */
export const isOutside = (value: number, from: number, span: number): boolean =>
  ((value - from) | 0) >>> 0 >= span;

export abstract class FrameScanner implements TickScanner {
  protected readonly tokens: TokenTable;
  readonly #bytes: number;
  readonly #recordShift: number;

  /** `answers`: `RECORD.what` by instrument index; `recordShift`: of the mode's records, in words. */
  constructor(
    instruments: readonly Instrument[],
    answers: ArrayLike<number>,
    mode: keyof typeof FRAME_LENGTH,
    recordShift: number,
  ) {
    this.tokens = new TokenTable(instruments, answers, mode);
    this.#bytes = FRAME_LENGTH[mode];
    this.#recordShift = recordShift;
  }

  enable(instrument: number): void {
    this.tokens.enable(instrument);
  }

  disableAll(): void {
    this.tokens.disableAll();
  }

  scan(
    messages: MessageBatch,
    first: number,
    max: number,
    window: ScanWindow,
    target: ScanTarget,
    cursor: number,
  ): number {
    let count = 0;
    do {
      const run = this.scanRun(messages, first + count, max - count, window, target, cursor + count);
      if (run > 0) {
        // The loop compares with `latest` first and may miss the first time.
        const { records, start, mask } = target;
        const firstTime = records[start + (((cursor + count) & mask) << this.#recordShift) + RECORD.time];
        if (firstTime < window.earliest) window.earliest = firstTime;
        count += run;
      }
    } while (count < max && this.#bringHome(messages, first + count));
    return count;
  }

  /**
   * Scans up to a frame that is not ordinary, or whose token is not in its place; returns how many records it wrote.
   * The first time may be missing in `window.earliest`.
   */
  protected abstract scanRun(
    messages: MessageBatch,
    first: number,
    max: number,
    window: ScanWindow,
    target: ScanTarget,
    cursor: number,
  ): number;

  /** Moves message `k`'s entry to its own place. Returns true if it was in another. */
  #bringHome({ view, places }: MessageBatch, k: number): boolean {
    const at = places[2 * k];
    return (
      places[2 * k + 1] === this.#bytes &&
      this.tokens.bringHome(
        view.getInt32(at + TOKEN_AT, true),
        view.getInt32(at + TOKEN_TAIL, true),
        view.getUint16(at, true),
      )
    );
  }
}
