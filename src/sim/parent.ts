/** The simulator as the child process of a run. */
import { monoMs, SystemClock } from '../clock.js';
import { EngineError, EXIT, sentenceOf } from '../errors.js';
import { packCandles } from '../candles/warm-up-candles.js';
import type { TradingCalendar } from '../market/trading-calendar.js';
import { VirtualClock } from '../stepped/virtual-clock.js';
import { startBroker, type SimulatedBroker } from './broker.js';
import type { Fault } from './faults/fault.js';
import type { Habits } from './habits/catalogue.js';
import type { FromSimulator, ToSimulator } from './ipc-messages.js';
import { Market, type MarketTape } from './market.js';
import { speedNumber, type MarketSpeed } from './speed.js';
import { readTape } from './tape-file.js';
import { TurnTaker } from './turn-taker.js';

interface TapeFile {
  readonly symbol: string;
  readonly path: string;
}

export interface ServeOptions {
  readonly seed: number;
  readonly speed: MarketSpeed;
  /** Start of market time, epoch ms. */
  readonly atMs: number;
  readonly calendar: TradingCalendar;
  /** As measured unless given. */
  readonly habits?: Habits | undefined;
  readonly faults: readonly Fault[];
  readonly tape: TapeFile | undefined;
}

/** Throws EngineError USAGE if the file is no tape. */
export async function marketTape(choice: TapeFile | undefined): Promise<MarketTape | undefined> {
  return choice && { symbol: choice.symbol, tape: await readTape(choice.path) };
}

/**
 * Serves the run at the other end of this process's channel, which sends the instruments; prints nothing. Returns the
 * exit code when the channel is closed. Errors go to the run.
 */
export async function serveParent({
  seed,
  speed,
  atMs,
  calendar,
  habits,
  faults,
  tape,
}: ServeOptions): Promise<number> {
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
        market = new Market({
          ...{ seed, listings, calendar, habits },
          startMs: atMs,
          tape: await marketTape(tape),
        });
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
        broker = await startBroker({ port: 0, market, clock, faults, steps: taker });
        const { feedUrl, port: opened } = broker;
        send({ type: 'started', feedUrl, port: opened, ...anchored });
        return;
      }
      case 'turn':
        return taker!.take(message.turn);
    }
  };

  await served(receive, (error) => {
    exitCode = EXIT.noConnection;
    send({ type: 'failed', sentence: sentenceOf(error) });
  });
  await broker?.close();
  // An open channel would keep the process alive.
  if (process.connected) process.disconnect();
  return exitCode;
}

function historyOf(
  market: Market,
  { historyOf: names, volumeKind }: Extract<ToSimulator, { type: 'prepare' }>,
): Record<string, readonly number[]> {
  return Object.fromEntries(
    names.map((name) => {
      const index = market.indexOfName(name);
      if (index === undefined) throw new EngineError('SIMULATOR', `the simulated market has no ${name}`);
      return [name, packCandles(market.history(index, volumeKind))];
    }),
  );
}

/** If the parent has gone, `disconnect` follows. */
function send(message: FromSimulator): void {
  if (process.connected) process.send!(message);
}

/** Handles messages in order, until the channel is closed or SIGTERM comes and the last one is handled. */
async function served(
  receive: (message: ToSimulator) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<void> {
  let work = Promise.resolve();
  await new Promise<void>((resolve) => {
    process.once('disconnect', resolve);
    // The parent may have gone already.
    if (!process.connected) resolve();
    process.once('SIGTERM', () => resolve());
    process.on('message', (message: ToSimulator) => {
      work = work.then(() => receive(message)).catch(onError);
    });
  });
  // The parent may close the channel while the port opens.
  await work;
}
