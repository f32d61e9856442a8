/**
 * `tickshard simulate`: the simulated broker for any client or, with a channel to a parent, for a run. Its own
 * process keeps its CPU, memory and connections out of the run's figures.
 */

import { defineCommand, TextAnswer } from '../cli/command.js';
import { faultsOf, tapeOf, type TapeChoice } from '../cli/config.js';
import { monoMs, SystemClock } from '../clock.js';
import { EngineError, EXIT, sentenceOf } from '../errors.js';
import type { Listing } from '../market/instrument.js';
import { packCandles } from '../candles/warm-up-candles.js';
import { istStamp, type Calendar } from '../market/session.js';
import { startBroker, type SimulatedBroker } from '../sim/broker.js';
import type { FromSimulator, ToSimulator } from '../sim/ipc-messages.js';
import { faultList } from '../sim/faults/catalogue.js';
import { checkSymbols, type Fault } from '../sim/faults/fault.js';
import { DEMO_VARIABLES } from '../sim/login.js';
import { Market, type MarketTape } from '../sim/market.js';
import { speedNumber, type MarketSpeed } from '../sim/speed.js';
import { readTape } from '../sim/tape-file.js';
import { TurnTaker } from '../sim/turn-taker.js';
import { VirtualClock } from '../stepped/virtual-clock.js';
import { niftyFifty, shippedCalendar } from '../run/universe.js';

export interface SimulateOptions {
  /** 0 for any free one. */
  readonly port: number;
  readonly seed: number;
  readonly speed: MarketSpeed;
  /** Start of market time, epoch ms. */
  readonly atMs: number;
  /** A parent process sends its own. */
  readonly listings: readonly Listing[];
  readonly calendar: Calendar;
  readonly faults?: readonly Fault[];
  readonly tape?: TapeChoice | undefined;
}

/**
 * Serves until SIGINT or SIGTERM or, as a child, until the parent closes the channel; returns the exit code. Throws
 * EngineError SIMULATOR if it cannot serve, USAGE for faults of unknown symbols; a child reports them to its parent.
 */
export async function simulate(options: SimulateOptions): Promise<number> {
  return process.send === undefined ? await alone(options) : await child(options);
}

async function alone(options: SimulateOptions): Promise<number> {
  const { port, seed, speed, atMs, listings, calendar, faults = [], tape } = options;
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
  const market = new Market({ seed, listings, calendar, startMs: atMs, tape: await marketTape(tape) });
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

/** Throws EngineError USAGE if the file is no tape. */
async function marketTape(choice: TapeChoice | undefined): Promise<MarketTape | undefined> {
  return choice && { symbol: choice.symbol, tape: await readTape(choice.path) };
}

/** What a user needs to connect. */
function introduction(
  { seed, speed, atMs, listings, faults = [], tape }: SimulateOptions,
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
    `symbols   ${listings.map(({ symbol, token }) => `${symbol} ${token}`).join(', ')}`,
    ...(tape === undefined ? [] : [`tape      ${tape.symbol} plays ${tape.path} from its opening`]),
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

/** As a child process: prints nothing, ignores Ctrl-C, ends with the channel. */
async function child(options: SimulateOptions): Promise<number> {
  const { port, seed, speed, atMs, calendar, faults = [], tape } = options;
  // Ctrl-C and the terminal's end reach parent and child: the parent must first close its socket.
  process.on('SIGINT', () => undefined).on('SIGHUP', () => undefined);
  let market: Market | undefined;
  let started = false;
  let taker: TurnTaker | undefined;
  let broker: SimulatedBroker | undefined;
  let exitCode: number = EXIT.pass;

  const receive = async (message: ToSimulator): Promise<void> => {
    switch (message.type) {
      case 'prepare': {
        const { listings } = message;
        market = new Market({ seed, listings, calendar, startMs: atMs, tape: await marketTape(tape) });
        send({ type: 'prepared', history: historyOf(market, message) });
        return;
      }
      case 'start': {
        if (market === undefined || started)
          throw new EngineError('SIMULATOR', 'the simulator is started once, after it was prepared');
        started = true;
        const anchorMonoMs = monoMs();
        const stepped = speed === 'max' ? new VirtualClock(atMs) : undefined;
        const anchored = { originMs: atMs, speed: speedNumber(speed), anchorMonoMs };
        const clock = stepped ?? new SystemClock(anchored);
        taker = stepped && new TurnTaker(stepped, (turned) => send({ type: 'turned', turned }));
        broker = await startBroker({ port, market, clock, faults, steps: taker });
        const { feedUrl, port: opened } = broker;
        send({ type: 'started', feedUrl, port: opened, ...anchored });
        return;
      }
      case 'turn':
        return taker!.take(message.turn);
    }
  };

  let work = Promise.resolve();
  await new Promise<void>((resolve) => {
    process.once('disconnect', resolve);
    // The parent may have gone already.
    if (!process.connected) resolve();
    process.once('SIGTERM', () => resolve());
    process.on('message', (message: ToSimulator) => {
      work = work
        .then(() => receive(message))
        .catch((error: unknown) => {
          exitCode = EXIT.noConnection;
          send({ type: 'failed', sentence: sentenceOf(error) });
        });
    });
  });
  // The parent may close the channel while the port opens.
  await work;
  await broker?.close();
  // An open channel would keep the process alive.
  if (process.connected) process.disconnect();
  return exitCode;
}

function historyOf(
  market: Market,
  { historyOf: symbols, volumeKind }: Extract<ToSimulator, { type: 'prepare' }>,
): Record<string, readonly number[]> {
  return Object.fromEntries(
    symbols.map((symbol) => {
      const index = market.indexOfSymbol(symbol);
      if (index === undefined) throw new EngineError('SIMULATOR', `the simulated market has no ${symbol}`);
      return [symbol, packCandles(market.history(index, volumeKind))];
    }),
  );
}

/** If the parent has gone, `disconnect` follows. */
function send(message: FromSimulator): void {
  if (process.connected) process.send!(message);
}

const PATHS = `Paths:
  ws    /smart-stream                                              the feed (also at /)
  POST  /rest/auth/angelbroking/user/v1/loginByPassword            log-in
  POST  /rest/auth/angelbroking/jwt/v1/generateTokens              new tokens for a refresh token
  GET   /rest/secure/angelbroking/user/v1/getProfile               who is logged in
  POST  /rest/secure/angelbroking/user/v1/logout                   log-out
  POST  /rest/secure/angelbroking/historical/v1/getCandleData      the true candles, as one polls them (ONE_MINUTE)
  GET   /simulator                                                 market time, speed, seed, symbols, connections, faults
  GET   /simulator/candles?symbol=RELIANCE                         the true candles so far
  GET   /simulator/history?symbol=RELIANCE&kind=tick|traded        candles before the start`;

export const command = defineCommand<'simulate', Omit<SimulateOptions, 'listings' | 'calendar'>>({
  about: PATHS,
  exitCodes: { 0: 'it was stopped', 2: 'usage', 3: 'the port cannot be opened' },
  example: 'tickshard simulate --port 9000 --speed 60',
  check: (values) => {
    const { port, seed, speed, atMs, listFaults } = values;
    return listFaults
      ? new TextAnswer(faultList())
      : { port, seed, speed, atMs, faults: faultsOf(values), tape: tapeOf(values.tape, undefined) };
  },
  run: (options) => simulate({ ...options, listings: niftyFifty(), calendar: shippedCalendar() }),
});
