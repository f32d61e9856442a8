/**
 * Market time and sealing: pure decisions of the main thread, so that the answer is the same for any number of shards.
 *
 * Market time T is the largest admitted exchange time of any instrument. One frame cannot drag it: a frame more than
 * 60 s ahead of what has elapsed is held until three such frames agree, and refused when the ordinary flow goes on
 * without it (docs/semantics.md, "Sealing"). What has elapsed is told by the frame that was furthest ahead of the
 * injected clock, so that a late frame, or a stale one, makes none of the later look early. When nothing arrives, T
 * advances with the injected clock, by what elapsed: a wall clock that is wrong by minutes changes nothing.
 */
import { MINUTE_MS } from '../market/session.js';

/** How far ahead of what elapsed a frame may be on its own word. */
export const MAX_AHEAD_MS = 60_000;
/**
 * How much farther ahead of the clock than all before it a frame may be to be what the next are measured by: clocks
 * drift, they do not jump.
 */
const MAX_DRIFT_MS = 5000;
/** Frames that must agree before T follows them; and ordinary frames that outvote them. */
export const VOTES = 3;
/**
 * A feed without any frame in session for so long is mute. Market ms, and real ms so that an accelerated market's
 * hiccup is not taken for a mute feed.
 */
const SILENT_MS = 15_000;
const SILENT_REAL_MS = 1500;
/** A stamp is a whole second: by the end of it so much more has passed. */
const RESOLUTION_MS = 1000;

/**
 * What to do with a frame: use it; keep it until others agree; use it and what is kept; refuse what is kept and keep
 * this one.
 */
export type TimeDecision = 'use' | 'hold' | 'release' | 'replace';

/**
 * A frame's exchange time and the injected market clock at its arrival, epoch ms; real monotonic ms then. An object
 * that the caller reuses: a double on its own would be made a new one for the call.
 */
export interface PacketTime {
  readonly exchangeMs: number;
  readonly nowMs: number;
  readonly monoMs: number;
}

export interface WatermarkOptions {
  readonly openMs: number;
  /** Minutes of continuous trading: the bars 0 .. minutes-1. */
  readonly minutes: number;
  /** End of the auction's window and its bar; undefined where there is none. */
  readonly auction: { readonly toMs: number; readonly bar: number } | undefined;
  /** Market ms between a minute's end and its seal. */
  readonly graceMs: number;
  /** Market ms without any frame after which the clock moves T. */
  readonly silenceMs: number;
  /** How much older than its frame a trade may be that no frame before told of, market ms. */
  readonly maxTradeAgeMs?: number;
}

export class Watermark {
  readonly #options: WatermarkOptions;
  /** Market time; NaN before the first frame (an undefined would make a new object of each double that follows it). */
  #timeMs = NaN;
  /** The injected market clock when T was last known. */
  #timeSetAtMs = 0;
  #lastArrivalMs = 0;
  #silenceResetAtMs = -Infinity;
  /**
   * The most that a frame was ahead of the injected clock of those that went little beyond it or that three agreed
   * on, ms; negative when the clock is fast.
   */
  #leadMs = -Infinity;
  /** Whether a live frame was used. Before, all are cached ones of any age, and the clock is the better witness. */
  #live = false;
  #lastFrameMs = NaN;
  /** The injected market clock when the largest exchange time came, and real monotonic ms. */
  #lastFrameAtMs = 0;
  #lastFrameMonoMs = 0;
  readonly #held = new Float64Array(VOTES);
  #heldCount = 0;
  #votesAgainst = 0;
  #sealed = -1;
  /** Market time at which another bar may be due: asked for each packet, it is looked at closer once a minute. */
  #dueAtMs = -Infinity;

  constructor(options: WatermarkOptions) {
    this.#options = options;
  }

  /** Market time T, epoch ms; undefined before the first frame. */
  get timeMs(): number | undefined {
    return Number.isNaN(this.#timeMs) ? undefined : this.#timeMs;
  }

  /** What market time would be now by what elapsed since T last moved; `nowMs` itself before the first frame. */
  expectedAt(nowMs: number): number {
    return Number.isNaN(this.#timeMs) ? nowMs : this.#timeMs + (nowMs - this.#timeSetAtMs);
  }

  /** The largest exchange time that a frame said, never advanced by the clock. */
  get lastFrameMs(): number | undefined {
    return Number.isNaN(this.#lastFrameMs) ? undefined : this.#lastFrameMs;
  }

  /**
   * From when on nothing is known if nothing more is heard: the last frame's second, or the oldest trade that the
   * next would have told of.
   */
  get unseenFromMs(): number | undefined {
    return Number.isNaN(this.#lastFrameMs)
      ? undefined
      : this.#lastFrameMs - (this.#options.maxTradeAgeMs ?? 0);
  }

  /**
   * The moment up to which the market was seen, for a run that ends now: market time, or that of the last frame where
   * the feed had been silent in session for longer than any feed is. Undefined before the first frame.
   */
  get seenUntilMs(): number | undefined {
    if (Number.isNaN(this.#timeMs)) return undefined;
    const { openMs, minutes } = this.#options;
    const inSessionUntil = Math.min(this.#timeMs, openMs + minutes * MINUTE_MS);
    return inSessionUntil - (this.#lastFrameMs + RESOLUTION_MS) > SILENT_MS
      ? this.unseenFromMs
      : this.#timeMs;
  }

  /** Whether a frame of this time is newer than all in use. */
  isNewest(time: PacketTime): boolean {
    // Written so that a first frame, met by NaN, is.
    return !(time.exchangeMs <= this.#lastFrameMs);
  }

  /**
   * Whether a frame of this stamp, which nothing was done with yet, ends a silence in session that is longer than any
   * feed's: by the exchange's time, which a backlog of ours does not stretch, and by our clocks, which a stamp far
   * ahead does not. Frames of older stamps do not break it: of the seconds that no stamp named nothing was told.
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

  /**
   * The last bar that has ended by now, sealed or not: what a run that ends here still has to wait for. -1 when there
   * is none.
   */
  lastEndedBar(): number {
    if (Number.isNaN(this.#timeMs)) return -1;
    const { openMs, minutes } = this.#options;
    return Math.min(Math.floor((this.#timeMs + RESOLUTION_MS - openMs) / MINUTE_MS), minutes) - 1;
  }

  /** The day's last bar: the auction's where there is one. */
  get lastBar(): number {
    return this.#options.auction?.bar ?? this.#options.minutes - 1;
  }

  /** The last bar sealed; -1 before the first. */
  get sealed(): number {
    return this.#sealed;
  }

  /**
   * Judges a frame by its stamp, of which nothing is kept; `live`: it is neither cached nor an old state told again.
   * `use` and `release` move T.
   */
  decide(time: PacketTime, live: boolean): TimeDecision {
    const { exchangeMs, nowMs } = time;
    this.#lastArrivalMs = nowMs;
    const lead = this.#live ? this.#leadMs : Math.max(this.#leadMs, 0);
    if (exchangeMs - nowMs <= lead + MAX_AHEAD_MS) {
      if (this.#heldCount > 0 && exchangeMs > this.#timeMs) this.#votesAgainst++;
      this.#advance(time);
      // A frame far ahead is used, but it does not make the next one, still farther ahead, believable: that needs the
      // votes.
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

  /** Whether the kept frames were outvoted; asked after each judgement. Saying yes forgets them. */
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
   * Whether live frames that arrive together with the one just used, are no farther ahead than `ordinaryLeadMs` and
   * make no bar due will be used, too, and do no more than `took` does for all of them: no frame is kept, and no
   * silence ends.
   */
  isOrdinary(arrival: { readonly marketMs: number }): boolean {
    return this.#live && this.#heldCount === 0 && arrival.marketMs - this.#lastFrameAtMs <= SILENT_MS;
  }

  /** Market time at which another bar may be due. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /**
   * How far ahead of the injected clock an ordinary frame may be, ms: it is believed on its own word, and is what the
   * next are measured by.
   */
  get ordinaryLeadMs(): number {
    return Math.min(this.#leadMs + MAX_AHEAD_MS, Math.max(this.#leadMs, 0) + MAX_DRIFT_MS);
  }

  /** Ordinary frames were used, of which this is the stamp of the newest. */
  acceptOrdinary(time: PacketTime): void {
    this.#lastArrivalMs = time.nowMs;
    this.#advance(time);
    this.#updateLead(time);
  }

  /** Whether `tick` would move T now: nothing has arrived for long enough, and time has passed. */
  isSilent(nowMs: number): boolean {
    return (
      !Number.isNaN(this.#timeMs) &&
      nowMs - this.#lastArrivalMs >= this.#options.silenceMs &&
      this.expectedAt(nowMs) > this.#timeMs
    );
  }

  /**
   * Called now and then: when nothing has arrived for long enough, T advances by what elapsed on the injected clock.
   */
  advanceTo(nowMs: number): void {
    if (!this.isSilent(nowMs)) return;
    this.#timeMs = this.expectedAt(nowMs);
    this.#timeSetAtMs = nowMs;
  }

  /** A pause of our own (a paused socket, a stalled thread) is no silence of the market: it starts anew. */
  resetSilence(nowMs: number): void {
    this.#lastArrivalMs = nowMs;
    this.#silenceResetAtMs = nowMs;
  }

  /**
   * When the last pause of our own ended, on the injected market clock: what arrived before may have waited in our
   * socket for as long as it took.
   */
  get silenceResetAtMs(): number {
    return this.#silenceResetAtMs;
  }

  /** The bar through which everything may be sealed now, when that is more than before; else undefined. */
  takeDueBar(): number | undefined {
    // Written so that NaN, which is below nothing, is none.
    if (!(this.#timeMs >= this.#dueAtMs)) return undefined;
    const { openMs, minutes, auction, graceMs } = this.#options;
    this.#dueAtMs =
      openMs + (Math.floor((this.#timeMs - graceMs - openMs) / MINUTE_MS) + 1) * MINUTE_MS + graceMs;
    if (auction !== undefined && this.#timeMs < auction.toMs + graceMs)
      this.#dueAtMs = Math.min(this.#dueAtMs, auction.toMs + graceMs);
    let through = Math.min(Math.floor((this.#timeMs - graceMs - openMs) / MINUTE_MS), minutes) - 1;
    if (auction !== undefined && this.#timeMs >= auction.toMs + graceMs) through = auction.bar;
    if (through <= this.#sealed) return undefined;
    this.#sealed = through;
    return through;
  }
}
