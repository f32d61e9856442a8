/**
 * When an instrument's packets are due: in the feed's cycle at measured rates (habits `cycle`, `rate`, `ltp-rate`,
 * `repeats`), or without them at its own cadence of 1 to 4 looks a second. Times are frames of a quarter second.
 */
import type { Random } from '../random.js';
import type { Habits } from './habits/catalogue.js';
import type { InstrumentProfile } from './instrument-profile.js';
import { FRAME_MS } from './sequence-allocator.js';

const FRAMES_A_SECOND = 1000 / FRAME_MS;
/** Chance of a change of the book since the last look, without a trade. */
const BOOK_CHANGES = 0.75;
/** Chance of a look a quarter second late. */
const LATER = 0.25;
/** Looks whose mean is the share of changed prices. */
const LOOKS = 256;
/** The least of it: a price that stands still has packets, because the book changes. */
const MIN_SHARE = 0.08;
/** The share before any look. */
const FIRST_SHARE = 0.4;
/** Looks for LTP packets in a second. */
const LTP_LOOKS = 2;
/** The cadence without rates. */
export class OwnCadence {
  readonly #frames: number;
  readonly #random: Random;
  next: number;

  constructor({ cadenceFrames }: InstrumentProfile, random: Random) {
    this.#frames = cadenceFrames;
    this.#random = random;
    this.next = Math.floor(FRAMES_A_SECOND * random());
  }

  /** True if the book changed since the last look, were the market open. Plans the next look. */
  look(frame: number): boolean {
    const random = this.#random;
    this.next = frame + this.#frames + (random() < LATER ? 1 : 0);
    return random() < BOOK_CHANGES;
  }
}

export interface CycleOptions {
  readonly habits: Habits;
  readonly profile: InstrumentProfile;
  readonly random: Random;
  /** The instrument's frame in a second, 0 to 3. */
  readonly phase: number;
}

/** A look at the market: if it is one of the cycle, and which modes may get a packet. */
export interface Look {
  readonly inCycle: boolean;
  readonly full: boolean;
  readonly ltp: boolean;
}

/** The cadence with rates. `look` is called for every frame, in order. */
export class CycleCadence {
  readonly #random: Random;
  readonly #phase: number;
  readonly #isCycle: boolean;
  /** Frames in a cycle. */
  readonly #frames: number;
  /** Packets a cycle; undefined without a rate. */
  readonly #perCycle: number | undefined;
  /** Mean LTP packets a look; undefined without a rate. */
  readonly #ltpPerLook: number | undefined;
  readonly #repeats: number;
  #left = 0;
  #due = 0;
  #ltpFrame = 0;
  #changed = FIRST_SHARE;

  constructor({ habits, profile, random, phase }: CycleOptions) {
    const { cycle, rate, repeats } = habits;
    const seconds = cycle ?? 1;
    const ltpRate = habits['ltp-rate'];
    this.#random = random;
    this.#phase = phase;
    this.#isCycle = cycle !== undefined;
    this.#frames = FRAMES_A_SECOND * seconds;
    this.#perCycle =
      rate === undefined ? undefined : Math.min(this.#frames, rate * seconds * profile.liveliness);
    this.#ltpPerLook = ltpRate === undefined ? undefined : (ltpRate * profile.ltpWeight) / LTP_LOOKS;
    this.#repeats = (repeats ?? 0) / 100;
  }

  /** `hasOwn`: if a mode without a rate looks in this frame. */
  look(frame: number, hasOwn: boolean): Look {
    const random = this.#random;
    const at = (frame + this.#frames - this.#phase) % this.#frames;
    if (at === 0 || this.#left === 0) this.#plan();
    const inCycle = this.#isCycle && at === 0;
    const full = this.#due > 0 && (inCycle || random() < this.#due / this.#left);
    if (full) this.#due--;
    this.#left--;
    const ltp = (at - this.#ltpFrame + this.#frames) % (FRAMES_A_SECOND / LTP_LOOKS) === 0;
    return {
      inCycle,
      full: this.#perCycle === undefined ? hasOwn : full,
      ltp: this.#ltpPerLook === undefined ? hasOwn : ltp,
    };
  }

  /** True if an LTP look is sent, with a rate. Keeps to it, and to the share of packets that repeat the price. */
  sendsLtp(changed: boolean): boolean {
    const perLook = this.#ltpPerLook!;
    const share = Math.max(MIN_SHARE, this.#changed);
    this.#changed += ((changed ? 1 : 0) - this.#changed) / LOOKS;
    // A price that changes less often than the rate wants has fewer packets, of which the same share repeats it.
    const changes = Math.min(share, perLook * (1 - this.#repeats));
    const chance = changed ? changes / share : (changes * this.#repeats) / (1 - this.#repeats) / (1 - share);
    return this.#random() < chance;
  }

  #plan(): void {
    const random = this.#random;
    this.#left = this.#frames;
    const count = this.#perCycle ?? 0;
    this.#due = Math.floor(count) + (random() < count % 1 ? 1 : 0);
    this.#ltpFrame = this.#isCycle ? 0 : Math.floor(this.#frames * random());
  }
}
