/** A run's instruments, by name: from the shipped list, the broker's file, or the simulated broker's. */
import type { FeedChoice, StageConfig } from '../cli/config.js';
import type { Instrument, Listing } from '../market/instrument.js';
import { istDate } from '../market/session.js';
import type { TradingCalendar } from '../market/trading-calendar.js';
import { broker } from './broker.js';
import { askedOf, withLists, type AskedName } from './names.js';
import { underlyingOf } from './selection.js';
import type { Spot } from './spot.js';
import {
  instrumentMaster,
  niftyFifty,
  readInstrumentMaster,
  selectInstruments,
  type InstrumentMaster,
} from './universe.js';

/** What decides the instruments of a run. */
type NamedConfig = Pick<
  StageConfig,
  'stage' | 'symbols' | 'subset' | 'instruments' | 'spot' | 'feed' | 'history' | 'out'
>;

export interface Chosen {
  readonly instruments: readonly Instrument[];
  /** About the file, and on what selections went by. */
  readonly warnings: readonly string[];
  /** The options around the money, a sentence each. */
  readonly notes: readonly string[];
}

/** True if names of the run mean contracts by the market's price or date. */
export function selects({ symbols }: Pick<StageConfig, 'symbols'>): boolean {
  return symbols !== undefined && withLists(symbols).some((name) => askedOf(name).kind !== 'one');
}

/** The simulated broker's file on a date. `exchanges`: as in `readInstrumentMaster`. */
export async function simulatedMaster(
  seed: number,
  date: string,
  calendar: TradingCalendar,
  exchanges: ReadonlySet<string>,
): Promise<InstrumentMaster> {
  const { simulatedRows } = await import('../sim/instrument-file.js');
  const name = "the simulated broker's instrument file";
  const text = JSON.stringify(simulatedRows(seed, calendar, date));
  return instrumentMaster(name, await broker.instruments.parse(text, name, exchanges), undefined, []);
}

/** The shipped list knows them without any file. */
function isShipped(asked: AskedName, shipped: ReadonlyMap<string, Listing>): boolean {
  return asked.kind === 'one' && asked.exchange === 'NSE' && shipped.has(asked.symbol);
}

/** Market time of the run's start, epoch ms: contracts that expired before it are no choice. */
function marketMsOf(feed: FeedChoice, nowMs: number): number {
  if (feed.kind === 'sim') return feed.atMs;
  return feed.kind === 'url' && feed.marketClock !== undefined ? feed.marketClock.originMs : nowMs;
}

async function masterFor(
  config: NamedConfig,
  asked: readonly AskedName[],
  calendar: TradingCalendar,
  nowMs: number,
): Promise<InstrumentMaster | undefined> {
  const { feed, instruments: named } = config;
  const shipped = new Map(niftyFifty().map((listing) => [listing.symbol, listing]));
  const unknown = asked.filter((one) => !isShipped(one, shipped));
  const exchanges = new Set(unknown.map(({ exchange }) => exchange));
  if (feed.kind !== 'sim' || named !== undefined)
    return readInstrumentMaster(named, feed.kind === 'live', istDate(nowMs), exchanges);
  if (unknown.length === 0) return undefined;
  return simulatedMaster(feed.seed, istDate(feed.atMs), calendar, exchanges);
}

/**
 * The instruments of a run, fixed now. `nowMs`: wall clock, epoch ms; `onDate`: the market's date (IST) if the run
 * waits for another than now. Throws EngineError with exit code 2: names that
 * are unknown, have expired or clash, a list that cannot be read, or options whose underlying has no known price; with
 * 3 if a price must be polled and the broker refuses.
 */
export async function chooseInstruments(
  config: NamedConfig,
  calendar: TradingCalendar,
  nowMs: number,
  onDate?: string,
): Promise<Chosen> {
  const symbols = config.symbols && withLists(config.symbols);
  const asked = symbols?.map(askedOf) ?? [];
  const master = await masterFor(config, asked, calendar, nowMs);
  const marketMs = marketMsOf(config.feed, nowMs);
  const date = onDate ?? istDate(marketMs);
  const found = new Map<string, Spot>();
  const stocks = new Map(niftyFifty().map((listing) => [listing.symbol, listing]));
  for (const one of asked) {
    if (one.kind !== 'options' || master === undefined || found.has(one.name)) continue;
    const given = config.spot?.get(one.name);
    const underlying = underlyingOf(one, master, stocks, date);
    const { spotOf } = await import('./spot.js');
    const spot =
      given === undefined
        ? underlying && (await spotOf(underlying, { config, calendar, marketMs }))
        : { rupees: given, from: '--spot' };
    if (spot !== undefined) found.set(one.name, spot);
  }
  const spots = new Map([...found].map(([name, { rupees }]) => [name, rupees]));
  const instruments = selectInstruments({ ...config, symbols, master, market: { date, spots } });
  const notes = [...found].map(
    ([name, { rupees, from }]) =>
      `${name} is at ${rupees} (${from}): options around it are fixed for this run.`,
  );
  return { instruments, warnings: master?.warnings ?? [], notes };
}

/** What a simulated broker lists: the NIFTY 50 unless `symbols` names others, as for a run. */
export interface SimulatedChoice extends Omit<
  Extract<FeedChoice, { kind: 'sim' }>,
  'kind' | 'faults' | 'tape'
> {
  readonly symbols: readonly string[] | undefined;
}

/** Throws EngineError INSTRUMENT for a name that this market does not have. */
export async function simulatedListings(
  { symbols, seed, speed, atMs, habits }: SimulatedChoice,
  calendar: TradingCalendar,
): Promise<readonly Listing[]> {
  if (symbols === undefined) return niftyFifty();
  const feed = { kind: 'sim', seed, speed, atMs, habits, faults: [], tape: undefined } as const;
  const none = { subset: undefined, instruments: undefined, spot: undefined, history: undefined, out: '.' };
  return (await chooseInstruments({ ...none, stage: 2, symbols, feed }, calendar, atMs)).instruments;
}
