/** What a candle stream has yielded, 8 bytes a candle. */
const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** 64-bit fingerprint of a candle's figures, as two words. */
export class Fingerprint {
  low = 0;
  high = 0;

  /** `parts`: objects of numbers, booleans and null. */
  of(parts: readonly (object | undefined)[], gapMs: number, sealed: boolean): void {
    this.low = 0x811c9dc5;
    this.high = 0x9747b28c;
    for (const part of parts)
      for (const name in part) {
        const value = part[name as keyof typeof part] as number | boolean | null;
        this.#add(value === null ? -1 : Number(value));
      }
    this.#add(gapMs);
    this.#add(sealed ? 1 : 0);
    // Zero means not yet yielded.
    this.low = (this.low | 1) >>> 0;
    this.high >>>= 0;
  }

  #add(value: number): void {
    scratch[0] = value;
    for (let k = 0; k < 2; k++) {
      this.low = Math.imul(this.low ^ scratchWords[k], 0x9e3779b1);
      this.low ^= this.low >>> 15;
      this.high = Math.imul(this.high ^ scratchWords[k], 0x85ebca77);
      this.high ^= this.high >>> 13;
    }
  }
}

/** Fingerprints of candles as last yielded, by their number; 0 before. */
export class Yielded {
  readonly #words: Uint32Array;

  constructor(candles: number) {
    this.#words = new Uint32Array(2 * candles);
  }

  /** Notes that candle `number` is yielded as it is now. Undefined if it was already. */
  note(number: number, { low, high }: Fingerprint): 'new' | 'changed' | undefined {
    const at = 2 * number;
    const [lowBefore, highBefore] = [this.#words[at], this.#words[at + 1]];
    if (lowBefore === low && highBefore === high) return undefined;
    this.#words[at] = low;
    this.#words[at + 1] = high;
    return lowBefore === 0 ? 'new' : 'changed';
  }
}
