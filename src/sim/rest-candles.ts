/**
 * `getCandleData` of the simulated broker (docs/protocol.md 10): true candles with the real service's difficulties.
 * A minute that just ended still changes, the current minute is included, at times a row before the window too; a
 * future `todate` is refused, and a client that asks too fast gets a 403.
 */
import type { Clock } from '../clock.js';
import { DAY_MS, istDate, istMs, istStamp, MINUTE_MS } from '../market/session.js';
import type { CandleRow } from '../candles/candle.js';
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
/** Market ms by which candles lag the trades: a minute still changes for that long after its end. */
const CANDLE_DELAY_MS = 4000;
/** In one request. */
const MAX_DAYS = 30;
/** One answer in this many has a row before its window. */
const STRAY_ROW_EVERY = 4;

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
  if (toMs - fromMs > MAX_DAYS * DAY_MS)
    return failure(400, `At most ${MAX_DAYS} days of ONE_MINUTE`, 'AB13000');
  if (body['interval'] !== 'ONE_MINUTE')
    return failure(400, 'The simulator serves ONE_MINUTE only', 'AB13000');
  const index = market.listings.findIndex(
    ({ exchange, token }) => exchange === body['exchange'] && token === body['symboltoken'],
  );
  if (index < 0) return failure(400, 'Invalid symboltoken', 'AB13000');
  const rows = rowsOf(market, index, fromMs, toMs, nowMs - CANDLE_DELAY_MS);
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

/** Candles labelled within the window, both ends included, as known at `knownMs`; at times one before it. */
function rowsOf(market: Market, index: number, fromMs: number, toMs: number, knownMs: number): CandleRow[] {
  const rows: CandleRow[] = [];
  for (let dayMs = istMs(istDate(fromMs), '00:00'); dayMs <= toMs; dayMs += DAY_MS)
    rows.push(...market.trueCandles(index, istDate(dayMs), knownMs));
  const first = rows.findIndex(({ timestampMs }) => timestampMs >= fromMs);
  const inside = rows.filter(({ timestampMs }) => timestampMs >= fromMs && timestampMs <= toMs);
  return first > 0 && (fromMs / MINUTE_MS + index) % STRAY_ROW_EVERY === 0
    ? [rows[first - 1], ...inside]
    : inside;
}
