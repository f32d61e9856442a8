/**
 * A block's connection and times as seven small words: differences from the block before. A time is the 64 bits of
 * its double, taken as an integer: its difference is a word, and what is left of the upper half after the word's sign.
 * Market time goes as monotonic time does, so the difference is from where that says it is.
 */
import { BLOCK } from './format.js';
import { WORDS } from './packed-format.js';

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);
/** Little-endian machines have the lower half first. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const TIMES = [BLOCK.monoMs, BLOCK.wallMs, BLOCK.marketMs] as const;

/** Sets `halves` to the expected time at `offset` of the block at `from`, whose monotonic time is there. */
function expect(view: DataView, from: number, before: number, offset: number): void {
  double[0] = before < 0 ? 0 : view.getFloat64(before + offset, true);
  if (offset === BLOCK.marketMs && before >= 0)
    double[0] += view.getFloat64(from + BLOCK.monoMs, true) - view.getFloat64(before + BLOCK.monoMs, true);
}

/** The words of the block at `from`; `before`: where the block before begins, -1 without one. */
export function blockWords(view: DataView, from: number, before: number, words: Int32Array): void {
  const connection = before < 0 ? 0 : view.getInt32(before + BLOCK.connection, true);
  words[0] = view.getInt32(from + BLOCK.connection, true) - connection;
  for (let k = 0; k < TIMES.length; k++) {
    const offset = TIMES[k];
    expect(view, from, before, offset);
    const low = view.getUint32(from + offset, true);
    const borrow = low < halves[LOW] >>> 0 ? 1 : 0;
    const difference = (low - halves[LOW]) | 0;
    words[1 + 2 * k] = difference;
    words[2 + 2 * k] = view.getInt32(from + offset + 4, true) - halves[1 - LOW] - borrow - (difference >> 31);
  }
}

/** Writes connection and times of the block at `from`. The reverse of `blockWords`. */
export function writeBlockWords(view: DataView, from: number, before: number, words: Int32Array): void {
  const connection = before < 0 ? 0 : view.getInt32(before + BLOCK.connection, true);
  view.setInt32(from + BLOCK.connection, connection + words[0], true);
  for (let k = 0; k < TIMES.length; k++) {
    const offset = TIMES[k];
    expect(view, from, before, offset);
    const difference = words[1 + 2 * k];
    const low = (halves[LOW] + difference) >>> 0;
    const carry = low < halves[LOW] >>> 0 ? 1 : 0;
    view.setUint32(from + offset, low, true);
    // A negative word borrows what its carry gives back.
    const high = halves[1 - LOW] + words[2 + 2 * k] + (difference >> 31);
    view.setInt32(from + offset + 4, high + carry, true);
  }
}

export const newBlockWords = (): Int32Array => new Int32Array(WORDS.block);
