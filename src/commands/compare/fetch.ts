/** `compare --fetch`: polls the broker's candles of our minutes after the run. */
import { sleep, SystemClock, type Clock } from '../../clock.js';
import { EngineError } from '../../errors.js';
import type { CandlePoller, Credentials, PolledInstrument, PolledTimeframe } from '../../broker/broker.js';
import type { Endpoint } from '../../broker/endpoint.js';
import type { RemoteFeed, TapeChoice } from '../../cli/config.js';
import type { TapeName } from '../../cli/values.js';
import { candleEndMs } from '../../market/candle-labels.js';
import { istDate, istStamp, MINUTE_MS } from '../../market/session.js';
import type { Timeframe } from '../../market/timeframe.js';
import {
  ANSWERS_APART_MS,
  FINAL_AFTER_MS,
  MAX_ANSWERS,
  SETTLE_MS,
  stableCandles,
  type StableCandles,
} from '../../broker/stable-answers.js';
import { namedBy, nameOf, type Listing } from '../../market/instrument.js';
import { tradingCalendar } from '../../market/trading-calendar.js';
import type { FileInstrument } from '../../parquet/candles-file.js';
import type { Side } from '../../reconcile/symbol-comparison.js';
import type { Origin } from '../../reconcile/origin.js';
import { distinct, simulated } from '../../reconcile/origin.js';
import { DEMO_ACCOUNT } from '../../sim/demo-account.js';
import type { ReadSide } from './sides.js';
import { logInPatiently } from '../../feed/patient-log-in.js';
import { broker } from '../../run/broker.js';
import { feedName } from '../../run/plan.js';
import { SimulatorChild } from '../../run/simulator-child.js';
import { accessTo } from '../../run/source.js';
import { seenTape } from '../../run/tape.js';
import { simulatedMaster } from '../../run/instruments.js';
import { listingFor, niftyFifty, readInstrumentMaster } from '../../run/universe.js';

export interface FetchOptions {
  /** `sim`: the simulated broker with our candles' seed, after their last minute. */
  readonly feed: RemoteFeed | { readonly kind: 'sim'; readonly tape: TapeName | undefined };
  /** The instrument file; undefined: the newest fetched. */
  readonly instruments: string | undefined;
}

/** And the candles' length. */
interface FetchedCandles extends FetchOptions {
  readonly timeframe: Timeframe;
}

export interface FetchedReference {
  readonly origin: Origin;
  /** In instrument order; undefined without candles. */
  readonly sides: readonly (ReadSide | undefined)[];
  readonly notes: readonly string[];
  /** Why they allow no verdict, without a full stop. */
  readonly objection: string | undefined;
  /** Rupees, in instrument order. */
  readonly ticks: readonly number[];
}

/** `simulated`: the market of our candles, whose broker is asked. Throws EngineError INSTRUMENT for an unknown one. */
async function listingsOf(
  { instruments, lastMs }: FetchWindow,
  { feed, instruments: named }: FetchOptions,
  market: SimulatedMarket | undefined,
): Promise<Listing[]> {
  const exchanges = exchangesOf(instruments);
  const today = istDate(new SystemClock().wallMs());
  const master =
    market !== undefined && named === undefined
      ? await simulatedMaster(market.seed, istDate(lastMs), tradingCalendar(), exchanges)
      : await readInstrumentMaster(named, feed.kind === 'live', today, exchanges);
  const shipped = new Map(niftyFifty().map((listing) => [listing.symbol, listing]));
  return instruments.map((instrument) => listingFor(instrument, shipped, master));
}

const exchangesOf = (instruments: readonly FileInstrument[]): ReadonlySet<string> =>
  new Set(instruments.map(({ exchange }) => exchange));

interface Server {
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  /** As in footers. */
  readonly name: string;
  readonly warnings: readonly string[];
  stop(): void;
}

/** Market ms after our last candle's end, when all simulated candles have settled. */
const SIMULATED_LATER_MS = 4 * MINUTE_MS;

/**
 * The tape of candles whose feed has the symbol and digest `played`. Throws EngineError USAGE if `tape` is another
 * one, or missing.
 */
async function tapeAgain(
  tape: TapeName | undefined,
  feed: string,
  played: { readonly symbol: string; readonly digest: string } | undefined,
): Promise<TapeChoice | undefined> {
  if (played === undefined) {
    if (tape === undefined) return undefined;
    throw new EngineError('USAGE', `Our candles are of ${feed}, a market without a tape: leave --tape out.`);
  }
  const { symbol, digest } = played;
  if (tape === undefined)
    throw new EngineError(
      'USAGE',
      `Our candles are of ${feed}, a market in which ${symbol} plays a tape: name it with --tape.`,
    );
  const seen = await seenTape({ symbol: tape.symbol ?? symbol, path: tape.path });
  if (seen.symbol === symbol && seen.seen?.digest === digest) return seen;
  throw new EngineError(
    'USAGE',
    `Our candles are of ${feed}, and --tape is ${seen.symbol}:${seen.seen?.digest}: name the tape that the run had.`,
  );
}

export interface SimulatedMarket {
  readonly seed: number;
  /** As in footers. */
  readonly feed: string;
  readonly habit: string | undefined;
  readonly played: { readonly symbol: string; readonly digest: string } | undefined;
}

/** Of our candles. Throws EngineError USAGE if they are not simulated, or of several markets. */
function marketOf(ours: Origin): SimulatedMarket {
  const feeds = distinct(ours, 'feed');
  return marketOfFeed(feeds.length === 1 ? feeds[0] : feeds.join(' and '));
}

/** Of a feed as in footers. Throws EngineError USAGE if it is not simulated. */
export function marketOfFeed(feed: string): SimulatedMarket {
  const [, seed, habit, symbol, digest] =
    /^sim:(\d+)(?:~(bursts=[\d.a-z]+))?(?:\+(.+):([0-9a-f]{8}))?$/.exec(feed) ?? [];
  if (seed === undefined)
    throw new EngineError(
      'USAGE',
      `--feed sim asks the simulated broker, and our candles are of ${feed}: ask whom they are of with --feed.`,
    );
  return {
    seed: Number(seed),
    feed,
    habit,
    played: symbol === undefined ? undefined : { symbol, digest },
  };
}

/** The simulated broker with our candles' seed and tape. Throws EngineError USAGE. */
export async function simulatedServer(
  listings: readonly Listing[],
  { seed, feed, habit, played }: SimulatedMarket,
  endMs: number,
  named: TapeName | undefined,
): Promise<Server> {
  const tape = await tapeAgain(named, feed, played);
  const child = new SimulatorChild({
    seed,
    speed: 1,
    atMs: endMs + SIMULATED_LATER_MS,
    // Other habits change no trade.
    habits: habit === undefined ? [] : [habit],
    faults: [],
    // Symbols may be left out of the comparison.
    tape: played !== undefined && namedBy(played.symbol, listings) !== undefined ? tape : undefined,
  });
  try {
    await child.prepare(listings, [], 'traded');
    const { feedUrl } = await child.start();
    return {
      endpoint: broker.access.endpointAt(feedUrl),
      credentials: DEMO_ACCOUNT,
      name: feed,
      warnings: [],
      stop: () => child.stop(),
    };
  } catch (error) {
    child.stop();
    throw error;
  }
}

/** Candles without two equal answers prove nothing. */
export function objectionTo(
  settled: readonly StableCandles[],
  instruments: readonly PolledInstrument[],
): string | undefined {
  const names = instruments
    .filter((_, k) => settled[k].agreedAfter === undefined && settled[k].refused === undefined)
    .map(nameOf);
  if (names.length === 0) return undefined;
  return `the broker's candles of ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''} have not settled, ${MAX_ANSWERS} answers all differed: compare again later`;
}

function notesOf(settled: readonly StableCandles[], poller: CandlePoller): string[] {
  return [
    `The broker was asked ${poller.requests} times, two a second, until two answers for a symbol agreed.`,
    ...settled.flatMap(({ refused }) => refused ?? []),
    ...[...poller.unreadable].map(
      ([name, rows]) =>
        `${rows} ${rows === 1 ? 'row' : 'rows'} of the broker's candles of ${name} could not be read and ${rows === 1 ? 'is' : 'are'} left out.`,
    ),
  ];
}

/** A timeframe with the hours of these listings, by the calendar. Throws EngineError CONFIG. */
function hoursOf(name: Timeframe, listings: readonly Listing[]): PolledTimeframe {
  const calendar = tradingCalendar();
  const byToken = new Map(listings.map((listing) => [`${listing.exchange} ${listing.token}`, listing]));
  return {
    name,
    sessionOf: ({ exchange, token }, date) => {
      const listing = byToken.get(`${exchange} ${token}`);
      const day = listing && calendar.day(date, listing);
      return day === undefined || day.kind === 'shut' ? undefined : day.session;
    },
  };
}

/** When the last candle of all, that begins at `lastMs`, is over; epoch ms. */
function endOf(lastMs: number, { name, sessionOf }: PolledTimeframe, listings: readonly Listing[]): number {
  const ends = listings.map((listing) => {
    const session = sessionOf(listing, istDate(lastMs));
    return session === undefined ? lastMs + MINUTE_MS : candleEndMs(name, session, lastMs);
  });
  return Math.max(...ends);
}

/** Labels `firstMs` to `lastMs`, both included; epoch ms. */
export interface FetchWindow {
  readonly instruments: readonly FileInstrument[];
  readonly firstMs: number;
  readonly lastMs: number;
}

interface PolledWindow extends FetchWindow {
  /** Of the last candle. */
  readonly endMs: number;
  readonly timeframe: PolledTimeframe;
}

/**
 * Polls until two answers agree. `ours`: our candles' origin; `say` receives sentences on progress. Throws
 * EngineError USAGE, CONFIG, INSTRUMENT, LOGIN or CANDLES.
 */
export async function fetchReference(
  window: FetchWindow,
  ours: Origin,
  options: FetchedCandles,
  say: (sentence: string) => void,
): Promise<FetchedReference> {
  const { feed } = options;
  if (feed.kind === 'live' && simulated(ours))
    throw new EngineError(
      'USAGE',
      '--fetch asks the live broker, and our candles are of a simulated market: ask that one with --feed sim.',
    );
  const clock = new SystemClock();
  const market = feed.kind === 'sim' ? marketOf(ours) : undefined;
  const polled = await listingsOf(window, options, market);
  const timeframe = hoursOf(options.timeframe, polled);
  const endMs = endOf(window.lastMs, timeframe, polled);
  const server =
    feed.kind === 'sim'
      ? await simulatedServer(polled, market!, endMs, feed.tape)
      : { ...accessTo(feed), name: feedName(feed), stop: () => undefined };
  try {
    const found = await pollServer(server, polled, { ...window, endMs, timeframe }, feed.kind, clock, say);
    return { ...found, ticks: polled.map(({ tickSizeRupees }) => tickSizeRupees) };
  } finally {
    server.stop();
  }
}

async function pollServer(
  server: Server,
  polled: readonly PolledInstrument[],
  { firstMs, lastMs, endMs, timeframe }: PolledWindow,
  kind: FetchOptions['feed']['kind'],
  clock: Clock,
  say: (sentence: string) => void,
): Promise<Omit<FetchedReference, 'ticks'>> {
  const { endpoint, credentials, warnings, name } = server;
  for (const warning of warnings) say(`Warning: ${warning}`);
  const abort = new AbortController();
  const session = await logInPatiently(broker.access, { endpoint, credentials }, clock, abort.signal, say);
  const poller = broker.candles.poller({ endpoint, session, clock, signal: abort.signal, say, timeframe });
  // Another server may have any market time: only equal answers say that a candle has settled.
  const settlesMs = kind === 'live' ? endMs + SETTLE_MS : 0;
  if (settlesMs > clock.wallMs())
    say(
      `Waiting until ${istStamp(settlesMs)}, when the last ${timeframe.name === '1m' ? 'minute' : 'candle'} has settled.`,
    );
  await sleep(Math.max(0, settlesMs - clock.wallMs()));
  const past = kind === 'sim' || (kind === 'live' && clock.wallMs() > endMs + FINAL_AFTER_MS);
  const settled = await stableCandles(
    // The same times for all symbols, to find one missing in ours.
    polled.map((instrument) => ({ instrument, fromMs: firstMs, toMs: lastMs })),
    {
      ask: (instrument, fromMs, toMs) => poller.candles(instrument, fromMs, toMs),
      apart: () => sleep(past ? 0 : ANSWERS_APART_MS),
      say,
    },
  );
  const sides = settled.map(({ rows, refused }): ReadSide | undefined => {
    if (refused !== undefined || rows.length === 0) return undefined;
    const side: Side = {
      candles: rows.map((candle) => ({ candle, partial: false, source: 'continuous' })),
      volumeKind: 'traded',
    };
    return { path: name, side, origin: { feed: name, mode: undefined, volumeKind: 'traded' }, notes: [] };
  });
  const files = sides.flatMap((side) => side?.origin ?? []);
  return {
    origin: {
      folder: `${broker.candles.requestName} of ${new URL(endpoint.loginUrl).host}`,
      files,
      polled: true,
    },
    sides,
    notes: notesOf(settled, poller),
    objection: objectionTo(settled, polled),
  };
}
