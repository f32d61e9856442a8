/** The price of an underlying when a run is planned: by it, options around the money are chosen. */
import type { StageConfig } from '../cli/config.js';
import { SystemClock } from '../clock.js';
import { logInPatiently } from '../feed/patient-log-in.js';
import { priceScale, type Listing } from '../market/instrument.js';
import { FIELD } from '../market/packet.js';
import { DAY_MS, istStamp, MINUTE_MS } from '../market/session.js';
import type { TradingCalendar } from '../market/trading-calendar.js';
import { readHistory } from '../parquet/history.js';
import { Market } from '../sim/market.js';
import { broker } from './broker.js';
import { accessTo } from './source.js';

export interface Spot {
  readonly rupees: number;
  /** Where it is from, for a sentence. */
  readonly from: string;
}

interface SpotContext {
  readonly config: Pick<StageConfig, 'feed' | 'history' | 'out'>;
  readonly calendar: TradingCalendar;
  /** Market time, epoch ms. */
  readonly marketMs: number;
}

/** Days to look back for the last trade: a long weekend. */
const MAX_AGE_DAYS = 7;
/** A candle this old is of an earlier session: asking is better. */
const FRESH_CANDLE_MS = 10 * MINUTE_MS;

/** The newest candle's close, of the folders that the run reads or writes. */
async function fromFiles(
  { exchange, symbol }: Listing,
  { config: { history, out }, marketMs }: SpotContext,
): Promise<Spot | undefined> {
  const window = { fromMs: marketMs - FRESH_CANDLE_MS, toMs: marketMs };
  for (const folder of [history, out]) {
    const rows =
      folder === undefined ? [] : ((await readHistory(folder, exchange, symbol, window))?.rows ?? []);
    const last = rows.at(-1);
    if (last !== undefined)
      return { rupees: last.close, from: `its candle of ${istStamp(last.timestampMs).slice(11, 16)}` };
  }
  return undefined;
}

/** As the simulated broker has it at the run's start: an instrument's price depends on nothing else. */
function simulated(listing: Listing, { config, calendar, marketMs }: SpotContext): Spot | undefined {
  if (config.feed.kind !== 'sim') return undefined;
  const { seed, habits } = config.feed;
  const market = new Market({ seed, listings: [listing], calendar, startMs: marketMs, habits });
  const rupees = market.last(0).number(FIELD.price) / priceScale(listing.exchangeType);
  return rupees > 0 ? { rupees, from: 'the simulated market' } : undefined;
}

/** Logs in and asks once for the last candles. Throws EngineError LOGIN, CONNECT or CANDLES. */
async function polled(listing: Listing, { config, marketMs }: SpotContext): Promise<Spot | undefined> {
  const { feed } = config;
  if (feed.kind === 'sim') return undefined;
  const { endpoint, credentials } = accessTo(feed);
  const clock = new SystemClock(
    feed.kind === 'url' && feed.marketClock !== undefined ? feed.marketClock : {},
  );
  const { signal } = new AbortController();
  const session = await logInPatiently(
    broker.access,
    { endpoint, credentials },
    clock,
    signal,
    () => undefined,
  );
  const poller = broker.candles.poller({ endpoint, session, clock, signal });
  const toMs = Math.floor(marketMs / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
  const rows = await poller.candles(listing, toMs - MAX_AGE_DAYS * DAY_MS, toMs);
  const last = rows.at(-1);
  return last && { rupees: last.close, from: `polled, of ${istStamp(last.timestampMs).slice(0, 16)}` };
}

/** The newest candle of the run's folders; else the simulated price, or one polled before the run. */
export async function spotOf(listing: Listing, context: SpotContext): Promise<Spot | undefined> {
  return (
    simulated(listing, context) ?? (await fromFiles(listing, context)) ?? (await polled(listing, context))
  );
}
