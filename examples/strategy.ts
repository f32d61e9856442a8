/**
 * The skeleton of a strategy: it decides once a minute and instrument, on candles that were seen whole, and does
 * nothing while something is not known. It places no orders.
 */
import { openFeed, simulated, type CandleRow } from 'tickshard';

const LOOK_BACK = 3;
const history = new Map<string, CandleRow[]>();
const unknown = new Set<string>();

function decide(symbol: string, candles: readonly CandleRow[]): string {
  const [first, last] = [candles[0], candles[candles.length - 1]];
  const change = (100 * (last.close - first.open)) / first.open;
  return `${symbol}: ${change.toFixed(3)} % in ${candles.length} minutes, ${change > 0 ? 'up' : 'not up'}`;
}

await using feed = await openFeed({
  broker: simulated({ seed: 2, faults: ['drop:at=150'] }),
  instruments: ['RELIANCE', 'TCS', 'INFY'],
  minutes: 8,
});

for await (const event of feed) {
  // After a gap the minutes before it are no neighbours of those after it.
  if (event.type === 'gap') history.clear();
  if (event.type === 'stale') unknown.add(event.instrument.symbol);
  if (event.type === 'live') unknown.delete(event.instrument.symbol);
  if (event.type !== 'candle') continue;
  const { symbol } = event.instrument;
  if (event.quality.partial || unknown.has(symbol)) {
    history.delete(symbol);
    continue;
  }
  const candles = [...(history.get(symbol) ?? []), event.candle].slice(-LOOK_BACK);
  history.set(symbol, candles);
  if (candles.length === LOOK_BACK) console.log(decide(symbol, candles));
}
