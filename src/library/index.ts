/**
 * `import { openFeed } from 'tickshard'`: candles with their quality, as events, from the broker's feed or from a
 * simulated one (docs/library.md). Importing this reads no environment, writes nothing and changes nothing global.
 */
import { Worker } from 'node:worker_threads';
import { EngineFeed } from './feed.js';
import { FeedError } from './error.js';
import type { EngineTask } from './feed-messages.js';
import type {
  AngelCredentials,
  AngelOptions,
  BrokerChoice,
  Feed,
  FeedOptions,
  MarketClock,
  SimulatedOptions,
} from './feed-options.js';

export type {
  CandleEvent,
  CandleSealed,
  CandleRevised,
  GapSeen,
  InstrumentStale,
  InstrumentLive,
  ConnectionChanged,
  RunEnded,
  EventInstrument,
} from '../candles/events.js';
export type { CandleRow, QualityRow } from '../candles/candle.js';
export type {
  AngelCredentials,
  AngelOptions,
  BrokerChoice,
  Feed,
  FeedOptions,
  MarketClock,
  SimulatedOptions,
};
export type { EventOfType } from './feed-options.js';
export { FeedError };

/** The broker's feed, or with `url` another server of its protocol. */
export function angel(credentials: AngelCredentials, options: AngelOptions = {}): BrokerChoice {
  return { kind: 'angel', credentials, ...options };
}

/** A simulated market and broker, in a process of its own. The same options give the same candles. */
export function simulated(options: SimulatedOptions = {}): BrokerChoice {
  return { kind: 'simulated', ...options };
}

/**
 * Opens a feed in a thread of its own. Resolves at the first open connection. Rejects with FeedError: `USAGE`,
 * `CONFIG`, `INSTRUMENT`, `MARKET_SHUT`, `LOGIN`, `CONNECT`, `SIMULATOR`.
 */
export async function openFeed(options: FeedOptions): Promise<Feed> {
  const { signal, testMode, ...settings } = options;
  if (settings.broker?.kind === undefined)
    throw new FeedError('USAGE', 'broker takes what angel() or simulated() returns.');
  if (settings.broker.kind === 'angel' && settings.broker.url === undefined && testMode !== true)
    throw new FeedError(
      'USAGE',
      'The live feed needs `testMode: true`: its candles are not proven until `tickshard compare` and `tickshard cutover` say so.',
    );
  const task: EngineTask = { settings };
  const feed = new EngineFeed(
    new Worker(new URL('../../workers/engine.js', import.meta.url), { workerData: task }),
  );
  const stop = (): void => void feed.close();
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  void feed.closed.catch(() => undefined).then(() => signal?.removeEventListener('abort', stop));
  await feed.opened;
  return feed;
}
