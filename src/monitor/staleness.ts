/** Notes which instruments went stale: no tick for FRESH_MS of continuous trading, while another one ticks. */
import { FRESH_MS } from '../gates/bounds.js';
import type { Facts } from '../gates/facts.js';
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

  /** Without a connection nothing is said: that is a gap. */
  update({ feed, market, symbols }: Pick<Facts, 'feed' | 'market' | 'symbols'>): void {
    const { timeMs } = market;
    if (!feed.connected) this.#dueMs = undefined;
    if (!feed.connected || timeMs === undefined) return;
    this.#dueMs ??= timeMs;
    const lastMs = symbols.map(({ figures }, index) =>
      Math.max(figures.lastTickMs ?? 0, this.#dueMs!, this.#sessions[index].openMs),
    );
    const ticks = (index: number): boolean => timeMs - (symbols[index].figures.lastTickMs ?? 0) <= FRESH_MS;
    const ticking = symbols.filter((_, index) => ticks(index)).length;
    for (const [index, session] of this.#sessions.entries()) {
      if (!inContinuous(session, timeMs)) continue;
      if (ticks(index)) this.#notices.setStale(index, 0, timeMs);
      else if (ticking > 0 && timeMs - lastMs[index] > FRESH_MS)
        this.#notices.setStale(index, lastMs[index], timeMs);
    }
  }
}
