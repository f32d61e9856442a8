/**
 * `getCandleData` of the simulated broker (docs/protocol.md 10): true candles with the real service's difficulties.
 * A candle that just ended still changes, the current one is included, at times a row before the window too; a
 * future `todate` is refused, and a client that asks too fast gets a 403. Of all intervals.
 */
import type { Clock } from '../clock.js';
import { DAY_MS, istDate, istMs, istStamp, MINUTE_MS } from '../market/session.js';
import type { CandleRow } from '../candles/candle.js';
import { WHOLE_DAY } from './longer-candles.js';
import type { Market } from './market.js';
import { RateLimiter } from './rate-limiter.js';
import {
  failure,
  gatewayRefusal,
  SUCCESS,
  type RestResponse,
  type RestRequest,
  type RestRoute,
} from './rest.js';
import type { LogIn, LogIns } from './log-ins.js';

const CANDLES_PATH = '/rest/secure/angelbroking/historical/v1/getCandleData';

/** Three a second, rolling, and 180 a minute (docs/protocol.md 1). */
const WINDOWS = [
  { ms: 1000, max: 3 },
  { ms: 60_000, max: 180 },
] as const;
/** Market ms by which candles lag the trades: a candle still changes for that long after its end. */
const CANDLE_DELAY_MS = 4000;
/** Minutes of a candle, and most days of one request (docs/rest-data.md). */
interface Interval {
  readonly minutes: number;
  readonly maxDays: number;
}
const INTERVALS: ReadonlyMap<unknown, Interval> = new Map(
  Object.entries({
    ONE_MINUTE: { minutes: 1, maxDays: 30 },
    THREE_MINUTE: { minutes: 3, maxDays: 60 },
    FIVE_MINUTE: { minutes: 5, maxDays: 100 },
    TEN_MINUTE: { minutes: 10, maxDays: 100 },
    FIFTEEN_MINUTE: { minutes: 15, maxDays: 200 },
    THIRTY_MINUTE: { minutes: 30, maxDays: 200 },
    ONE_HOUR: { minutes: 60, maxDays: 400 },
    ONE_DAY: { minutes: WHOLE_DAY, maxDays: 2000 },
  }),
);
/** One answer in this many has a row before its window. */
const STRAY_ROW_EVERY = 4;
/** Days to look back for the row before a window: a long weekend. */
const STRAY_ROW_DAYS = 7;

export function candleRoutes(market: Market, sessions: LogIns, clock: Clock): Record<string, RestRoute> {
  const rate = new RateLimiter(clock, WINDOWS);
  return {
    [CANDLES_PATH]: {
      method: 'POST',
      answer: (question) => candles(question, { market, sessions, clock, rate }),
    },
  };
}

interface CandleService {
  readonly market: Market;
  readonly sessions: LogIns;
  readonly clock: Clock;
  readonly rate: RateLimiter;
}

/** `YYYY-MM-DD HH:mm`, IST, as epoch ms; else NaN. */
function timeOf(value: unknown): number {
  const match = typeof value === 'string' ? /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})$/.exec(value) : null;
  const ms = match === null ? Number.NaN : istMs(match[1], match[2]);
  // Date.parse reads 31 February as 3 March.
  return match !== null && Number.isFinite(ms) && istDate(ms) === match[1] ? ms : Number.NaN;
}

function candles(
  { headers, body }: RestRequest,
  { market, sessions, clock, rate }: CandleService,
): RestResponse {
  const session: LogIn | undefined = sessions.ofAuthorization(headers.authorization);
  if (session === undefined) return gatewayRefusal('AG8001', 'Invalid Token');
  if (headers['x-privatekey'] !== session.apiKey) return gatewayRefusal('AG8004', 'Invalid API Key');
  if (rate.exceeded(session.clientCode))
    return { status: 403, body: 'Access denied because of exceeding access rate' };
  const [fromMs, toMs] = [timeOf(body['fromdate']), timeOf(body['todate'])];
  if (Number.isNaN(fromMs) || Number.isNaN(toMs) || toMs < fromMs)
    return failure(400, 'Invalid fromdate or todate', 'AB13000');
  const nowMs = clock.marketMs();
  if (toMs > nowMs) return failure(400, "To datetime can't be greater than current datetime", 'AB13000');
  const interval = INTERVALS.get(body['interval']);
  if (interval === undefined) return failure(400, 'Invalid interval', 'AB13000');
  if (toMs - fromMs > interval.maxDays * DAY_MS)
    return failure(400, `At most ${interval.maxDays} days of ${String(body['interval'])}`, 'AB13000');
  const index = market.listings.findIndex(
    ({ exchange, token }) => exchange === body['exchange'] && token === body['symboltoken'],
  );
  if (index < 0) return failure(400, 'Invalid symboltoken', 'AB13000');
  const known = (date: string): CandleRow[] =>
    market.trueCandles(index, date, nowMs - CANDLE_DELAY_MS, interval.minutes);
  const rows = rowsOf(known, interval, index, fromMs, toMs);
  return {
    status: 200,
    body: {
      ...SUCCESS,
      data: rows.map(({ timestampMs, open, high, low, close, volume }) => [
        istStamp(timestampMs),
        open,
        high,
        low,
        close,
        volume,
      ]),
    },
  };
}

/** Candles labelled within the window, both ends included, of those `known` by date; at times one before it. */
function rowsOf(
  known: (date: string) => readonly CandleRow[],
  { minutes }: Interval,
  index: number,
  fromMs: number,
  toMs: number,
): CandleRow[] {
  const rows: CandleRow[] = [];
  const midnightMs = istMs(istDate(fromMs), '00:00');
  for (let dayMs = midnightMs; dayMs <= toMs; dayMs += DAY_MS) rows.push(...known(istDate(dayMs)));
  const inside = rows.filter(({ timestampMs }) => timestampMs >= fromMs && timestampMs <= toMs);
  const lengthMs = Math.min(DAY_MS, minutes * MINUTE_MS);
  if ((Math.floor(fromMs / lengthMs) + index) % STRAY_ROW_EVERY !== 0) return inside;
  const first = rows.findIndex(({ timestampMs }) => timestampMs >= fromMs);
  if (first > 0) return [rows[first - 1], ...inside];
  for (let back = 1; minutes === WHOLE_DAY && first === 0 && back <= STRAY_ROW_DAYS; back++) {
    const [stray] = known(istDate(midnightMs - back * DAY_MS));
    if (stray !== undefined) return [stray, ...inside];
  }
  return inside;
}
