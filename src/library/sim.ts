/// <reference lib="esnext.disposable" preserve="true" />
/** `tickshard/sim`: the simulated broker as a test fixture, for any client of the broker's protocol. */
import { SystemClock } from '../clock.js';
import { DEFAULT_AT, time } from '../cli/values.js';
import { tradingCalendar } from '../market/trading-calendar.js';
import { instrumentName } from '../run/names.js';
import { simulatedListings } from '../run/instruments.js';
import { startBroker as startSimulated } from '../sim/broker.js';
import { checkSymbols, parseFault } from '../sim/faults/fault.js';
import { DEMO_ACCOUNT } from '../sim/demo-account.js';
import { habitsWith, parseHabit } from '../sim/habits/habit.js';
import { Market } from '../sim/market.js';
import { readTape } from '../sim/tape-file.js';
import type { CandleRow } from '../candles/candle.js';
import { asFeedErrors, FeedError } from './error.js';
import type { AngelCredentials, BrokerChoice, SimulatedOptions } from './feed-options.js';

export interface StartBrokerOptions extends Omit<SimulatedOptions, 'speed'> {
  /** Market seconds a second. Default 60. */
  readonly speed?: number | undefined;
  /**
   * What it lists, by the names of `openFeed`: `NSE:RELIANCE`, `BSE:RELIANCE`, `NSE:NIFTY`, `NFO:NIFTY@fut`,
   * `NFO:NIFTY@weekly:ATM+-5`. Default: the NIFTY 50.
   */
  readonly instruments?: readonly string[] | undefined;
  /** Default: any that is free. */
  readonly port?: number | undefined;
}

export interface SimulatedServer {
  /** `ws://127.0.0.1:PORT`: the feed; log-in and candles are on the same port over HTTP. */
  readonly url: string;
  readonly port: number;
  /** Of its demo account. */
  readonly credentials: AngelCredentials;
  /** For `openFeed`: this server, with its account and market time. */
  readonly broker: BrokerChoice;
  /** The true candles so far, as one polls them over REST, by name. Throws FeedError `INSTRUMENT`. */
  candles(instrument: string): readonly CandleRow[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a broker on loopback. It runs in the caller's thread: while that computes, nothing is sent.
 * Throws FeedError `USAGE`, `INSTRUMENT` for a name that its market does not have, or `SIMULATOR`.
 */
export function startBroker(options: StartBrokerOptions = {}): Promise<SimulatedServer> {
  return asFeedErrors(async () => {
    const { seed = 1, speed = 60, at = DEFAULT_AT, habits = [], faults = [], tape, port = 0 } = options;
    const { instruments } = options;
    if (instruments?.length === 0)
      throw new FeedError('USAGE', 'instruments takes at least one name, e.g. NSE:RELIANCE.');
    const parsed = faults.map(parseFault);
    const startMs = time.read(at, 'at');
    const calendar = tradingCalendar();
    const changed = habitsWith(habits.map(parseHabit));
    const choice = { symbols: instruments, seed, speed, atMs: startMs, habits: changed };
    const listings = await simulatedListings(choice, calendar);
    checkSymbols(parsed, listings);
    const market = new Market({
      seed,
      listings,
      calendar,
      startMs,
      habits: changed,
      tape: tape && { symbol: instrumentName(tape.instrument), tape: await readTape(tape.path) },
    });
    const clock = new SystemClock({ originMs: startMs, speed });
    const server = await startSimulated({ port, market, clock, faults: parsed });
    const credentials: AngelCredentials = DEMO_ACCOUNT;
    const url = `ws://127.0.0.1:${server.port}`;
    return {
      url,
      port: server.port,
      credentials,
      get broker(): BrokerChoice {
        const atMonoMs = clock.monoMs();
        return { kind: 'angel', credentials, url, marketClock: { at: clock.marketMs(), speed, atMonoMs } };
      },
      candles(instrument) {
        const index = market.indexOfName(instrument);
        if (index === undefined)
          throw new FeedError('INSTRUMENT', `The simulated market has no ${instrument}.`);
        return market.candles(index);
      },
      close: () => server.close(),
      [Symbol.asyncDispose]: () => server.close(),
    };
  });
}
