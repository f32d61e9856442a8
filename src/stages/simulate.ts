/** `tickshard simulate`: the simulated broker, alone for any client, or as the child process of a stage run. */
import { monoMs, SystemClock } from '../clock.js';
import { EXIT, sentenceOf } from '../errors.js';
import type { Listing } from '../market/instrument.js';
import { istStamp, type Calendar } from '../market/session.js';
import { startBroker, type Broker } from '../sim/broker.js';
import type { FromSimulator, ToSimulator } from '../sim/handover.js';
import { DEMO_ACCOUNT } from '../sim/login.js';
import { SimulatedMarket } from '../sim/market.js';

export interface SimulateOptions {
  readonly port: number;
  readonly seed: number;
  readonly speed: number;
  readonly atMs: number;
  readonly listings: readonly Listing[];
  readonly calendar: Calendar;
}

/** Serves until it is told to end, and returns the exit code. Throws EngineError SIMULATOR when the port cannot be had. */
export async function simulate(options: SimulateOptions): Promise<number> {
  return process.send === undefined ? alone(options) : asChild(options);
}

function startClock({ atMs, speed }: SimulateOptions): { clock: SystemClock; anchorMonoMs: number } {
  const anchorMonoMs = monoMs();
  return { clock: new SystemClock({ originMs: atMs, speed, anchorMonoMs }), anchorMonoMs };
}

async function alone(options: SimulateOptions): Promise<number> {
  const { listings, calendar, seed, atMs } = options;
  const market = new SimulatedMarket({ listings, calendar, seed, startMs: atMs });
  const { clock } = startClock(options);
  const broker = await startBroker({ port: options.port, market, clock, seed });
  process.stdout.write(`${description(broker, market, options)}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  await broker.close();
  return EXIT.pass;
}

function description(broker: Broker, market: SimulatedMarket, { seed, speed, atMs }: SimulateOptions): string {
  const { apiKey, clientCode, pin, totpSecret } = DEMO_ACCOUNT;
  const symbols = market.stocks.map(({ listing }) => `${listing.symbol} ${listing.token}`);
  const time = istStamp(atMs).slice(0, 19);
  return [
    `Simulated SmartAPI broker: market time ${istStamp(atMs)}, ${speed} market second${speed === 1 ? '' : 's'} a second, seed ${seed}`,
    `  feed     ${broker.feedUrl}`,
    `  log-in   ${broker.loginUrl}`,
    `  control  ${broker.controlUrl}`,
    `  account  client code ${clientCode}, PIN ${pin}, API key ${apiKey}, TOTP secret ${totpSecret}; any other client code is let in as a guest`,
    `  symbols  ${symbols.length === 0 ? 'none: there is no session on this date' : symbols.join(', ')}`,
    `  try      npx tickshard --ws-test-mode --stage 1 --duration 10 --feed ws://127.0.0.1:${broker.port} --market-clock ${time}@${speed}`,
    'Ctrl-C ends it.',
  ].join('\n');
}

async function asChild(options: SimulateOptions): Promise<number> {
  const tell = (message: FromSimulator): void => void process.send?.(message);
  // A terminal's Ctrl-C reaches the whole group; the parent closes its socket first and then lets go of us.
  process.on('SIGINT', () => undefined);
  let market: SimulatedMarket | undefined;
  let broker: Broker | undefined;
  const obey = async (message: ToSimulator): Promise<void> => {
    if (message.type === 'prepare') {
      const made = new SimulatedMarket({ listings: message.listings, calendar: options.calendar, seed: options.seed, startMs: options.atMs });
      market = made;
      const rows = message.historyOf.flatMap((symbol) => {
        const stock = made.findSymbol(symbol);
        return stock === undefined ? [] : [[symbol, made.history(stock, message.volumeKind)] as const];
      });
      tell({ type: 'prepared', history: Object.fromEntries(rows) });
      return;
    }
    if (market === undefined) return tell({ type: 'failed', sentence: 'The simulated broker was started before it was prepared.' });
    const { clock, anchorMonoMs } = startClock(options);
    broker = await startBroker({ port: options.port, market, clock, seed: options.seed });
    tell({ type: 'started', feedUrl: broker.feedUrl, originMs: options.atMs, anchorMonoMs, speed: options.speed });
  };
  await new Promise<void>((resolve) => {
    process.on('message', (message: ToSimulator) => {
      obey(message).catch((error: unknown) => tell({ type: 'failed', sentence: sentenceOf(error) }));
    });
    process.once('disconnect', resolve);
  });
  await broker?.close();
  return EXIT.pass;
}
