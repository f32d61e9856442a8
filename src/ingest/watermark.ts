/**
 * The watermark: how far the market is, by the exchange's own time, and so which bars may be sealed. Pure decisions
 * of the main thread: the same for any number of shards.
 *
 * The watermark is the largest exchange time of any used frame. Rules (docs/semantics.md, "Sealing"):
 *
 * | a frame is                                          | decision                                                  |
 * | --------------------------------------------------- | --------------------------------------------------------- |
 * | at most 60 s ahead of the expected time             | `use`                                                     |
 * | further ahead                                       | `hold`, until three such frames agree; then `release` all |
 * | further ahead, and disagrees with held frames       | `replace`: reject those held, hold this one               |
 * | three ordinary frames advance time without the held | `dropOutvoted`: reject those held                         |
 * | no frame for `silenceMs`                            | advance by the time elapsed on the injected clock         |
 *
 * Expected time is the injected clock plus the lead: the most by which a plausible frame was ahead of that clock. A
 * late or stale frame does not lower the lead, so no later frame looks early. Only differences of the clock count, so
 * one wrong by minutes changes nothing.
 */
import { MINUTE_MS } from '../market/session.js';

/** A frame further ahead of the expected time needs others' agreement. */
const MAX_AHEAD_MS = 60_000;
/** A frame may raise the lead by at most this much: clocks drift but do not jump. */
const MAX_DRIFT_MS = 5000;
/** Held frames that must agree before use, and ordinary frames that outvote them. */
export const VOTES = 3;
/**
 * A feed without a frame in session for longer is mute. In market ms, and real ms so that an accelerated market's
 * hiccup does not count.
 */
const SILENT_MS = 15_000;
const SILENT_REAL_MS = 1500;
/** Exchange times are whole seconds: the true time may be later by up to this much. */
const RESOLUTION_MS = 1000;

/**
 * Market ms by which the watermark may lag in silence while no bar is due. Each advance is an entry of the journal, and
 * a quiet hour is long.
 */
const SILENT_STEP_MS = 250;

/** Use the frame; hold it; use it and the held ones; reject the held ones and hold it. */
export type TimeDecision = 'use' | 'hold' | 'release' | 'replace';

/**
 * A frame's exchange time, the injected market clock at its arrival, epoch ms, and real monotonic ms then. One
 * object, reused: V8 would allocate one for each double passed.
 */
export interface PacketTime {
  readonly exchangeMs: number;
  readonly nowMs: number;
  readonly monoMs: number;
}

export interface WatermarkOptions {
  readonly openMs: number;
  /** The bars 0 .. minutes-1 of continuous trading. */
  readonly minutes: number;
  /** All bars: those, and the minutes until the end of the auction's window. */
  readonly bars: number;
  /** By bar: market ms after its end in which the feed still shows its trades. Less than a minute. */
  readonly tails?: ReadonlyMap<number, number>;
  /** Market ms between a minute's end, or its tail's, and its seal. */
  readonly graceMs: number;
  /** Market ms without a frame after which the clock advances the watermark. */
  readonly silenceMs: number;
  /** Maximum age, market ms, of a trade that a frame is the first to report. */
  readonly maxTradeAgeMs?: number;
}

export class Watermark {
  readonly #options: WatermarkOptions;
  /** Epoch ms; NaN before the first frame: with `undefined`, V8 would allocate an object for each later double. */
  #timeMs = NaN;
  /** The injected market clock then. */
  #timeSetAtMs = 0;
  #lastArrivalMs = 0;
  #silenceResetAtMs = -Infinity;
  /**
   * The most by which a plausible or agreed frame was ahead of the injected clock, ms; negative when the clock is
   * fast.
   */
  #leadMs = -Infinity;
  /** A live frame was used. Cached ones before may be of any age: until then the clock is trusted. */
  #live = false;
  #lastFrameMs = NaN;
  /** When the largest exchange time arrived: injected market clock, real monotonic ms. */
  #lastFrameAtMs = 0;
  #lastFrameMonoMs = 0;
  readonly #held = new Float64Array(VOTES);
  #heldCount = 0;
  #votesAgainst = 0;
  #sealed = -1;
  /** Another bar may be due from this watermark on: one comparison a packet, the full rule once a minute. */
  #dueAtMs = -Infinity;

  constructor(options: WatermarkOptions) {
    this.#options = options;
  }

  /** Epoch ms; undefined before the first frame. */
  get timeMs(): number | undefined {
    return Number.isNaN(this.#timeMs) ? undefined : this.#timeMs;
  }

  /** The watermark plus the time since it was set; `nowMs` before the first frame. */
  expectedAt(nowMs: number): number {
    return Number.isNaN(this.#timeMs) ? nowMs : this.#timeMs + (nowMs - this.#timeSetAtMs);
  }

  /** The largest exchange time used; the clock never advances it. */
  get lastFrameMs(): number | undefined {
    return Number.isNaN(this.#lastFrameMs) ? undefined : this.#lastFrameMs;
  }

  /**
   * Start of what is unseen without more frames: the last frame's time, less the age of a trade that the next would
   * report.
   */
  get unseenFromMs(): number | undefined {
    return Number.isNaN(this.#lastFrameMs)
      ? undefined
      : this.#lastFrameMs - (this.#options.maxTradeAgeMs ?? 0);
  }

  /**
   * Until when a run that ends now has seen: the watermark, or `unseenFromMs` if the feed was mute in session.
   * Undefined before the first frame.
   */
  get seenUntilMs(): number | undefined {
    if (Number.isNaN(this.#timeMs)) return undefined;
    const { openMs, minutes } = this.#options;
    const inSessionUntil = Math.min(this.#timeMs, openMs + minutes * MINUTE_MS);
    return inSessionUntil - (this.#lastFrameMs + RESOLUTION_MS) > SILENT_MS
      ? this.unseenFromMs
      : this.#timeMs;
  }

  /** True if newer than all used before. */
  isNewest(time: PacketTime): boolean {
    // True for the first frame: comparing with NaN is false.
    return !(time.exchangeMs <= this.#lastFrameMs);
  }

  /**
   * True if the frame ends a silence in session longer than any feed's. Call before `decide`. Exchange times and our
   * clocks must both show it: a backlog of ours stretches only the clocks, a frame far ahead only the exchange times.
   * Older frames break no silence: none reported the seconds in it.
   */
  endsSilence(time: PacketTime): boolean {
    const { openMs, minutes } = this.#options;
    if (
      time.nowMs - this.#lastFrameAtMs <= SILENT_MS ||
      time.monoMs - this.#lastFrameMonoMs <= SILENT_REAL_MS
    )
      return false;
    return (
      Math.min(time.exchangeMs, openMs + minutes * MINUTE_MS) -
        Math.max(this.#lastFrameMs + RESOLUTION_MS, openMs) >
      SILENT_MS
    );
  }

  /** The last bar ended by now, sealed or not; a run that ends waits for its seal. -1: none. */
  lastEndedBar(): number {
    if (Number.isNaN(this.#timeMs)) return -1;
    const { openMs, bars } = this.#options;
    return Math.min(Math.floor((this.#timeMs + RESOLUTION_MS - openMs) / MINUTE_MS), bars) - 1;
  }

  /** The day's last bar: the auction's, if any. */
  get lastBar(): number {
    return this.#options.bars - 1;
  }

  /** -1: none. */
  get sealed(): number {
    return this.#sealed;
  }

  /**
   * Decides what to do with a frame. `live`: neither cached nor older than a frame before. `use` and `release`
   * advance the watermark. Does not keep `time`.
   */
  decide(time: PacketTime, live: boolean): TimeDecision {
    const { exchangeMs, nowMs } = time;
    this.#lastArrivalMs = nowMs;
    const lead = this.#live ? this.#leadMs : Math.max(this.#leadMs, 0);
    if (exchangeMs - nowMs <= lead + MAX_AHEAD_MS) {
      if (this.#heldCount > 0 && exchangeMs > this.#timeMs) this.#votesAgainst++;
      this.#advance(time);
      // A frame far ahead is used but does not raise the lead: one further still needs agreement.
      if (!this.#live || exchangeMs - nowMs <= Math.max(lead, 0) + MAX_DRIFT_MS) this.#updateLead(time);
      if (live) this.#live = true;
      return 'use';
    }
    return this.#decideAhead(time, live);
  }

  #decideAhead(time: PacketTime, live: boolean): TimeDecision {
    const { exchangeMs } = time;
    if (!this.#agrees(exchangeMs)) {
      this.#clearHeld();
      this.#held[this.#heldCount++] = exchangeMs;
      return 'replace';
    }
    if (this.#heldCount + 1 < VOTES) {
      this.#held[this.#heldCount++] = exchangeMs;
      return 'hold';
    }
    for (let k = 0; k < this.#heldCount; k++) this.#advance({ ...time, exchangeMs: this.#held[k] });
    this.#advance(time);
    this.#updateLead(time);
    this.#clearHeld();
    if (live) this.#live = true;
    return 'release';
  }

  /** True if ordinary frames outvoted the held ones, which are then cleared. Call after each `decide`. */
  dropOutvoted(): boolean {
    if (this.#heldCount === 0 || this.#votesAgainst < VOTES) return false;
    this.#clearHeld();
    return true;
  }

  #agrees(exchangeMs: number): boolean {
    for (let k = 0; k < this.#heldCount; k++)
      if (Math.abs(this.#held[k] - exchangeMs) > MAX_AHEAD_MS) return false;
    return true;
  }

  #clearHeld(): void {
    this.#heldCount = 0;
    this.#votesAgainst = 0;
  }

  #updateLead(time: PacketTime): void {
    const leadMs = time.exchangeMs - time.nowMs;
    if (leadMs > this.#leadMs) this.#leadMs = leadMs;
  }

  #advance(time: PacketTime): void {
    const { exchangeMs, nowMs, monoMs } = time;
    if (this.isNewest(time)) {
      this.#lastFrameMs = exchangeMs;
      this.#lastFrameAtMs = nowMs;
      this.#lastFrameMonoMs = monoMs;
    }
    if (exchangeMs <= this.#timeMs) return;
    this.#timeMs = exchangeMs;
    this.#timeSetAtMs = nowMs;
  }

  /**
   * True if the rest of this read can skip `decide`: every live frame in it within `ordinaryLeadMs` that makes no bar
   * due would be used, and `acceptOrdinary` for the newest has the same effect. No frame is held, and no silence
   * ends.
   */
  isOrdinary(arrival: { readonly marketMs: number }): boolean {
    return this.#live && this.#heldCount === 0 && arrival.marketMs - this.#lastFrameAtMs <= SILENT_MS;
  }

  /** Another bar may be due from here on, epoch ms. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** How far ahead of the injected clock an ordinary frame may be, ms: used, and may raise the lead. */
  get ordinaryLeadMs(): number {
    return Math.min(this.#leadMs + MAX_AHEAD_MS, Math.max(this.#leadMs, 0) + MAX_DRIFT_MS);
  }

  /** Takes the newest of several ordinary frames, for all of them. */
  acceptOrdinary(time: PacketTime): void {
    this.#lastArrivalMs = time.nowMs;
    this.#advance(time);
    this.#updateLead(time);
  }

  isSilent(nowMs: number): boolean {
    return (
      !Number.isNaN(this.#timeMs) &&
      nowMs - this.#lastArrivalMs >= this.#options.silenceMs &&
      this.expectedAt(nowMs) > this.#timeMs
    );
  }

  /** True if the watermark should be advanced now: in silence, when a bar is due or it lags by SILENT_STEP_MS. */
  isBehind(nowMs: number): boolean {
    if (!this.isSilent(nowMs)) return false;
    return this.expectedAt(nowMs) >= Math.min(this.#dueAtMs, this.#timeMs + SILENT_STEP_MS);
  }

  /** Advances the watermark by the time elapsed on the injected clock, if no frame arrived for `silenceMs`. */
  advanceTo(nowMs: number): void {
    if (!this.isSilent(nowMs)) return;
    this.#timeMs = this.expectedAt(nowMs);
    this.#timeSetAtMs = nowMs;
  }

  /** Restarts the measured silence after our own pause (paused socket, stalled thread): not the market's. */
  resetSilence(nowMs: number): void {
    this.#lastArrivalMs = nowMs;
    this.#silenceResetAtMs = nowMs;
  }

  /** End of our last pause, injected market clock. Frames that arrived before may have waited in the socket. */
  get silenceResetAtMs(): number {
    return this.#silenceResetAtMs;
  }

  /** The bar through which all may be sealed now, once an advance; undefined if nothing new is due. */
  takeDueBar(): number | undefined {
    // Also for NaN, before the first frame.
    if (!(this.#timeMs >= this.#dueAtMs)) return undefined;
    const { openMs, bars, graceMs, tails } = this.#options;
    const ended = Math.floor((this.#timeMs - graceMs - openMs) / MINUTE_MS);
    this.#dueAtMs = openMs + (ended + 1) * MINUTE_MS + graceMs;
    let through = Math.min(ended, bars) - 1;
    const tailEndMs = openMs + (through + 1) * MINUTE_MS + (tails?.get(through) ?? 0);
    if (this.#timeMs < tailEndMs + graceMs) {
      this.#dueAtMs = Math.min(this.#dueAtMs, tailEndMs + graceMs);
      through--;
    }
    if (through <= this.#sealed) return undefined;
    this.#sealed = through;
    return through;
  }
}
