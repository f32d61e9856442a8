/** `tickshard simulate`: the simulated broker for any client. A run starts its own: workers/simulator.ts. */

import { defineCommand, TextAnswer } from '../cli/command.js';
import { faultsOf, tapeOf, type TapeChoice } from '../cli/config.js';
import { SystemClock } from '../clock.js';
import { EngineError, EXIT } from '../errors.js';
import { nameOf, type Listing } from '../market/instrument.js';
import { istStamp } from '../market/session.js';
import { startBroker, type SimulatedBroker } from '../sim/broker.js';
import { habitList, type Habits } from '../sim/habits/catalogue.js';
import { changedHabits, habitsWith } from '../sim/habits/habit.js';
import { faultList } from '../sim/faults/catalogue.js';
import { checkSymbols, type Fault } from '../sim/faults/fault.js';
import { DEMO_VARIABLES } from '../sim/demo-account.js';
import { Market } from '../sim/market.js';
import { marketTape } from '../sim/parent.js';
import type { MarketSpeed } from '../sim/speed.js';
import { tradingCalendar, type TradingCalendar } from '../market/trading-calendar.js';
import { simulatedListings } from '../run/instruments.js';

export interface SimulateOptions {
  /** 0 for any free one. */
  readonly port: number;
  readonly seed: number;
  readonly speed: MarketSpeed;
  /** Start of market time, epoch ms. */
  readonly atMs: number;
  readonly listings: readonly Listing[];
  readonly calendar: TradingCalendar;
  /** As measured unless given. */
  readonly habits?: Habits | undefined;
  readonly faults?: readonly Fault[];
  readonly tape?: TapeChoice | undefined;
}

/**
 * Serves until SIGINT or SIGTERM; returns the exit code. Throws EngineError SIMULATOR if it cannot serve, USAGE for
 * faults of unknown symbols.
 */
export async function simulate(options: SimulateOptions): Promise<number> {
  const { port, seed, speed, atMs, listings, calendar, habits, faults = [], tape } = options;
  if (speed === 'max')
    throw new EngineError(
      'USAGE',
      '--speed max belongs to a run with --feed sim, which steps the time of its own simulator; alone, a simulator needs a speed.',
    );
  checkSymbols(faults, listings);
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  const market = new Market({
    ...{ seed, listings, calendar, habits },
    startMs: atMs,
    tape: await marketTape(tape),
  });
  const broker = await startBroker({
    port,
    market,
    clock: new SystemClock({ originMs: atMs, speed }),
    faults,
  });
  process.stdout.write(introduction(options, broker));
  await stopped;
  await broker.close();
  return EXIT.pass;
}

/** What a user needs to connect. */
function introduction(
  { seed, speed, atMs, listings, habits, faults = [], tape }: SimulateOptions,
  broker: SimulatedBroker,
): string {
  const origin = istStamp(atMs).slice(0, 19);
  return [
    `feed      ${broker.feedUrl}`,
    `log-in    ${broker.loginUrl}`,
    `control   ${broker.controlUrl}`,
    `market    ${istStamp(atMs)}, ${speed} market seconds a second, seed ${seed}`,
    `account   ${DEMO_VARIABLES}`,
    `          (any other well-formed client code, PIN, six digits and API key log in too)`,
    `symbols   ${listings.map((listing) => `${nameOf(listing)} ${listing.token}`).join(', ')}`,
    ...(tape === undefined ? [] : [`tape      ${tape.symbol} plays ${tape.path} from its opening`]),
    ...(habits === undefined ? [] : changedHabits(habits)).map(
      (text, k) => `${k === 0 ? 'habits    ' : '          '}--habit ${text}`,
    ),
    ...faults.map(({ text }, k) => `${k === 0 ? 'faults    ' : '          '}--fault ${quoted(text)}`),
    '',
    `npx tickshard --ws-test-mode --stage 1 --duration 10 --feed ws://127.0.0.1:${broker.port} --market-clock ${origin}@${speed}`,
    '',
    '',
  ].join('\n');
}

/** Quotes for a shell. */
function quoted(text: string): string {
  return /^[\w:=,.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

const PATHS = `Paths:
  ws    /smart-stream                                              the feed (also at /)
  POST  /rest/auth/angelbroking/user/v1/loginByPassword            log-in
  POST  /rest/auth/angelbroking/jwt/v1/generateTokens              new tokens for a refresh token
  GET   /rest/secure/angelbroking/user/v1/getProfile               who is logged in
  POST  /rest/secure/angelbroking/user/v1/logout                   log-out
  POST  /rest/secure/angelbroking/historical/v1/getCandleData      the true candles, ONE_MINUTE to ONE_DAY
  GET   /OpenAPI_File/files/OpenAPIScripMaster.json                the instrument file of the market's date, all segments
  GET   /simulator                                                 market time, speed, seed, symbols, connections, faults
  GET   /simulator/candles?symbol=RELIANCE                         the true candles so far
  GET   /simulator/history?symbol=RELIANCE&kind=tick|traded        candles before the start`;

type CommandOptions = Omit<SimulateOptions, 'listings' | 'calendar' | 'habits'> & {
  readonly habits: Habits;
  readonly symbols: readonly string[] | undefined;
};

export const command = defineCommand<'simulate', CommandOptions>({
  about: PATHS,
  exitCodes: { 0: 'it was stopped', 2: 'usage', 3: 'the port cannot be opened' },
  example: 'tickshard simulate --port 9000 --speed 60',
  check: (values) => {
    const { port, seed, speed, atMs, symbols, listFaults, listHabits, habit } = values;
    if (listFaults || listHabits) return new TextAnswer(listFaults ? faultList() : habitList());
    const habits = habitsWith(habit);
    return {
      port,
      seed,
      speed,
      atMs,
      symbols,
      habits,
      faults: faultsOf(values),
      tape: tapeOf(values.tape, undefined),
    };
  },
  run: async (options) => {
    const calendar = tradingCalendar();
    return simulate({ ...options, listings: await simulatedListings(options, calendar), calendar });
  },
});
