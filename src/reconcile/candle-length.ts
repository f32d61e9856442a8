/** What a timeframe's candles are to a comparison: their length, and their name in sentences. Pure. */
import { MINUTE_MS } from '../market/session.js';
import { minutesOf, type Timeframe } from '../market/timeframe.js';

/** From a candle's start to the next one's, ms. After a day's no other comes in its session: Infinity. */
export const lengthMs = (timeframe: Timeframe): number => minutesOf(timeframe) * MINUTE_MS;

/** Of a session of shares. Elsewhere a day has more, and the bounds of causes are then narrower than measured. */
const MINUTES_OF_DAY = 375;

/** Minutes of trading in a candle; those of a session's last may be fewer. */
export const tradedMinutes = (timeframe: Timeframe): number =>
  timeframe === '1d' ? MINUTES_OF_DAY : minutesOf(timeframe);

/** `minute`, or `candle` of a longer timeframe. */
export const nounOf = (timeframe: Timeframe): 'minute' | 'candle' =>
  timeframe === '1m' ? 'minute' : 'candle';

/** ` of 5m` after a number of candles; nothing after minutes. */
export const ofTimeframe = (timeframe: Timeframe): string => (timeframe === '1m' ? '' : ` of ${timeframe}`);
