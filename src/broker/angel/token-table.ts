/**
 * Finds a frame's token in one step: a hash gives its one place, two comparisons say whether it is there. There is no
 * search: that loop was never entered and still cost two nanoseconds a frame, because the compiler kept less in
 * registers. Tokens that hash to one place take turns in it: `bringHome` moves a missing one there.
 */
import type { Instrument } from '../../market/instrument.js';

/** Characters: two words of four with the NUL. */
const TOKEN_CHARS = 7;
/** An entry's words: how many, as a shift; and what they are. */
export const ENTRY_SHIFT = 3;
export const ENTRY = {
  /** The token's characters and NUL; 0 in an empty place. */
  head: 0,
  tail: 1,
  /**
   * First two bytes of its frames, mode and exchange type, as one number; `DISABLED` while not enabled, and in an
   * empty place.
   */
  begin: 2,
  /** The caller's number. */
  answer: 3,
  instrument: 4,
} as const;
const { head: HEAD, tail: TAIL, begin: BEGIN, instrument: INSTRUMENT } = ENTRY;
const WORDS = 1 << ENTRY_SHIFT;
/** No frame begins so, not even zeros, which an empty place has as token. */
const DISABLED = -1;
/** Minimum places per instrument; multipliers tried until all tokens have their own place. */
const ROOM = 16;
const TRIES = 64;
/** A product's low bits say little of its factors. */
const HASH_SHIFT = 12;

export function placeOf(head: number, tail: number, multiplier: number, mask: number): number {
  return (Math.imul(head ^ Math.imul(tail, 0x85ebca6b), multiplier) >>> HASH_SHIFT) & mask;
}

/** Its characters as two words; undefined if too long. */
function wordsOf(token: string): readonly [number, number] | undefined {
  if (token.length > TOKEN_CHARS) return undefined;
  const words: [number, number] = [0, 0];
  for (let k = 0; k < token.length; k++) words[k >> 2] |= token.charCodeAt(k) << (8 * (k & 3));
  return words;
}

/** The multiplier with the fewest collisions. */
function multiplierFor(instruments: readonly Instrument[], mask: number): number {
  const tokens = instruments.map(({ token }) => wordsOf(token)).filter((words) => words !== undefined);
  let best = { multiplier: 0, places: -1 };
  for (let k = 0; k < TRIES && best.places < tokens.length; k++) {
    const multiplier = Math.imul(2 * k + 1, 0x9e3779b1);
    const places = new Set(tokens.map(([head, tail]) => placeOf(head, tail, multiplier, mask))).size;
    if (places > best.places) best = { multiplier, places };
  }
  return best.multiplier;
}

export class TokenTable {
  readonly words: Int32Array;
  readonly multiplier: number;
  readonly mask: number;
  readonly #mode: number;
  readonly #exchangeTypes: readonly number[];
  /** Start of its entry, by instrument index; -1 without one. */
  readonly #entryOf: Int32Array;

  /** `answers`: by instrument index, the number that is found; `mode` of the frames. */
  constructor(instruments: readonly Instrument[], answers: ArrayLike<number>, mode: number) {
    let size = 64;
    while (size < instruments.length * ROOM) size *= 2;
    this.mask = size - 1;
    this.multiplier = multiplierFor(instruments, this.mask);
    this.words = new Int32Array(size * WORDS);
    for (let entry = 0; entry < this.words.length; entry += WORDS) this.words[entry + BEGIN] = DISABLED;
    this.#mode = mode;
    this.#exchangeTypes = instruments.map(({ exchangeType }) => exchangeType);
    this.#entryOf = Int32Array.from(instruments, ({ token }, index) =>
      this.#enter(token, index, answers[index]),
    );
  }

  #enter(token: string, index: number, answer: number): number {
    const found = wordsOf(token);
    if (found === undefined) return -1;
    const { words } = this;
    let entry = this.#homeOf(...found);
    while (words[entry + HEAD] !== 0) entry = this.#next(entry);
    words.set([...found, DISABLED, answer, index], entry);
    return entry;
  }

  #homeOf(head: number, tail: number): number {
    return placeOf(head, tail, this.multiplier, this.mask) << ENTRY_SHIFT;
  }

  #next(entry: number): number {
    return (entry + WORDS) & (this.words.length - 1);
  }

  /** From now on the instrument's frames are found. */
  enable(index: number): void {
    const entry = this.#entryOf[index];
    if (entry >= 0) this.words[entry + BEGIN] = this.#mode | (this.#exchangeTypes[index] << 8);
  }

  /** From now on no frame is found. */
  disableAll(): void {
    for (const entry of this.#entryOf) if (entry >= 0) this.words[entry + BEGIN] = DISABLED;
  }

  /** Moves the entry of such frames to its own place. Returns false if it is there already, or missing. */
  bringHome(head: number, tail: number, begin: number): boolean {
    const { words } = this;
    const home = this.#homeOf(head, tail);
    for (let entry = home; words[entry + HEAD] !== 0; entry = this.#next(entry)) {
      if (words[entry + HEAD] !== head || words[entry + TAIL] !== tail || words[entry + BEGIN] !== begin)
        continue;
      if (entry === home) return false;
      // All places between the two stay taken: each token is found from its own.
      for (let word = 0; word < WORDS; word++)
        [words[home + word], words[entry + word]] = [words[entry + word], words[home + word]];
      this.#entryOf[words[home + INSTRUMENT]] = home;
      this.#entryOf[words[entry + INSTRUMENT]] = entry;
      return true;
    }
    return false;
  }
}
