/** Control routes, for tests and people, which no real broker has: the market and its true candles. */

import type { Clock } from '../clock.js';
import type { CandleRow } from '../candles/candle.js';
import { istStamp } from '../market/session.js';
import type { Market } from './market.js';
import { failure, type RestResponse, type RestRequest, type RestRoute } from './rest.js';

export const CONTROL_PATH = '/simulator';

export interface BrokerLoad {
  readonly connections: number;
  /** By (token, mode) and socket, of this market's instruments. */
  readonly flowing: number;
  /** What each fault did. */
  readonly faults?: readonly unknown[];
}

/** GET /simulator, /simulator/candles?symbol= and /simulator/history?symbol=&kind=tick|traded. */
export function controlRoutes(
  market: Market,
  clock: Clock,
  load: () => BrokerLoad,
): Record<string, RestRoute> {
  return {
    [CONTROL_PATH]: {
      method: 'GET',
      answer: () => ({
        status: 200,
        body: {
          marketTime: istStamp(market.nowMs),
          marketMs: market.nowMs,
          startedAt: istStamp(market.startMs),
          speed: clock.speed,
          seed: market.seed,
          ...load(),
          symbols: market.listings.map(({ symbol, exchange, exchangeType, token }) => ({
            symbol,
            exchange,
            exchangeType,
            token,
          })),
        },
      }),
    },
    // Completed minutes of the market's date.
    [`${CONTROL_PATH}/candles`]: {
      method: 'GET',
      answer: (question) => ofSymbol(market, question, (index) => market.candles(index)),
    },
    [`${CONTROL_PATH}/history`]: {
      method: 'GET',
      answer: (question) => {
        const kind = question.query.get('kind');
        if (kind !== 'tick' && kind !== 'traded') return failure(400, 'kind is tick or traded');
        return ofSymbol(market, question, (index) => market.history(index, kind));
      },
    },
  };
}

function ofSymbol(
  market: Market,
  { query }: RestRequest,
  rowsOf: (index: number) => CandleRow[],
): RestResponse {
  const index = market.indexOfName(query.get('symbol') ?? '');
  if (index === undefined) return failure(404, 'no such symbol in this market');
  return { status: 200, body: rowsOf(index).map(candleJson) };
}

/** Rupees; start of the minute with its zone. */
function candleJson({ timestampMs, open, high, low, close, volume }: CandleRow): Record<string, unknown> {
  return { timestamp: istStamp(timestampMs), open, high, low, close, volume };
}
