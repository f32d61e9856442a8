/**
 * Candles of the feed beside candles polled over REST, both of the simulated broker, with the verdict that
 * `tickshard compare` would give.
 */
import { openFeed, type CandleRow, type QualityRow } from 'tickshard';
import { compareCandles } from 'tickshard/compare';
import { startBroker } from 'tickshard/sim';

await using server = await startBroker({ seed: 6, speed: 120 });
const feed = await openFeed({ broker: server.broker, instruments: ['TCS'], mode: 'snapquote', minutes: 6 });

const ours = new Map<number, { candle: CandleRow; quality: QualityRow }>();
for await (const event of feed)
  if (event.type === 'candle' || event.type === 'revision') ours.set(event.candle.timestampMs, event);

// A program with an account polls getCandleData; the simulated broker has the same candles at hand.
const reference = server.candles('TCS');
const { verdict, reasons, comparison } = compareCandles([
  { symbol: 'TCS', mode: 'snapquote', ours: [...ours.values()], reference },
]);
const [{ compared }] = comparison.symbols;
console.log(`${verdict}: ${compared} minutes compared${reasons.map((reason) => `; ${reason}`).join('')}`);
