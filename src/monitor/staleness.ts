/** Notes which instruments went stale: no tick for FRESH_MS of continuous trading, while another one ticks. */
import { FRESH_MS } from '../gates/bounds.js';
import { inContinuous, type TradingSession } from '../market/session.js';
import type { Notices } from '../memory/notices.js';

export class Staleness {
  readonly #notices: Notices;
  /** By instrument index. */
  readonly #sessions: readonly TradingSession[];
  /** Market time from which ticks are due: the connection's opening, epoch ms; undefined without one. */
  #dueMs: number | undefined;

  constructor(notices: Notices, sessions: readonly TradingSession[]) {
    this.#notices = notices;
    this.#sessions = sessions;
  }

  /**
   * `timeMs`: the watermark; `lastTicksMs`: of each instrument, undefined before its first tick. Without a connection
   * nothing is said: that is a gap.
   */
  update(connected: boolean, timeMs: number | undefined, lastTicksMs: readonly (number | undefined)[]): void {
    if (!connected) this.#dueMs = undefined;
    if (!connected || timeMs === undefined) return;
    this.#dueMs ??= timeMs;
    const isFresh = (tickMs: number | undefined): boolean => timeMs - (tickMs ?? 0) <= FRESH_MS;
    const someTick = lastTicksMs.some(isFresh);
    for (const [index, session] of this.#sessions.entries()) {
      if (!inContinuous(session, timeMs)) continue;
      const tickMs = lastTicksMs[index];
      const sinceMs = Math.max(tickMs ?? 0, this.#dueMs, session.openMs);
      if (isFresh(tickMs)) this.#notices.setStale(index, 0, timeMs);
      else if (someTick && !isFresh(sinceMs)) this.#notices.setStale(index, sinceMs, timeMs);
    }
  }
}
