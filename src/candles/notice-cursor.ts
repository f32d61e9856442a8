/** What is new in a run's notices (memory/notices.ts), as events. */
import type { Notices, RunVerdict } from '../memory/notices.js';
import type { CandleEvent, EventInstrument } from './events.js';

export class NoticeCursor {
  readonly #notices: Notices;
  readonly #instruments: readonly EventInstrument[];
  #connections = 0;
  /** By instrument: since when it was stale as last yielded, epoch ms; 0: it ticked. */
  readonly #stale: Float64Array;

  /** `instruments`: by index. */
  constructor(notices: Notices, instruments: readonly EventInstrument[]) {
    this.#notices = notices;
    this.#instruments = instruments;
    this.#stale = new Float64Array(instruments.length);
  }

  get verdict(): RunVerdict | null | undefined {
    return this.#notices.verdict;
  }

  /** Yields connections that are new; `sequenceAt`: position of a market time in the run. */
  *connections(sequenceAt: (marketMs: number) => number): Generator<CandleEvent, void> {
    const { notices, next } = this.#notices.connectionsFrom(this.#connections);
    this.#connections = next - notices.length;
    for (const notice of notices) {
      this.#connections++;
      yield { type: 'connection', sequence: sequenceAt(notice.marketMs), ...notice };
    }
  }

  /** Yields instruments that went stale or tick again since; of several changes the last. */
  *instruments(sequenceAt: (marketMs: number) => number): Generator<CandleEvent, void> {
    for (const [index, instrument] of this.#instruments.entries()) {
      const { sinceMs, changedMs } = this.#notices.staleness(index);
      if (sinceMs === this.#stale[index]) continue;
      this.#stale[index] = sinceMs;
      const about = { sequence: sequenceAt(changedMs), marketMs: changedMs, instrument };
      yield sinceMs === 0 ? { type: 'live', ...about } : { type: 'stale', ...about, sinceMs };
    }
  }
}
