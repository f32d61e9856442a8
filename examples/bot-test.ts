/**
 * A bot's unit test: the simulated broker drops the connection on purpose, and the bot must not trade on the minutes
 * around the gap. Run it with `node --test`.
 */
import assert from 'node:assert';
import test from 'node:test';
import { openFeed, simulated, type CandleEvent } from 'tickshard';

/** The bot: it buys when a minute closes above its open, and stands aside for minutes that were not seen whole. */
class Bot {
  readonly orders: number[] = [];
  readonly passed: number[] = [];

  take(event: CandleEvent): void {
    if (event.type !== 'candle') return;
    const { candle, quality } = event;
    if (quality.partial) this.passed.push(candle.timestampMs);
    else if (candle.close > candle.open) this.orders.push(candle.timestampMs);
  }
}

await test('the bot stands aside in the minute of a dropped connection', async () => {
  const bot = new Bot();
  const gaps: { fromMs: number; toMs: number }[] = [];
  const feed = await openFeed({
    broker: simulated({ seed: 4, faults: ['drop:at=200'] }),
    instruments: ['RELIANCE'],
    minutes: 8,
  });
  for await (const event of feed) {
    bot.take(event);
    if (event.type === 'gap' && event.cause === 'connection' && event.toMs !== null)
      gaps.push({ fromMs: event.fromMs, toMs: event.toMs });
  }
  assert.equal(gaps.length, 1);
  const minute = Math.floor(gaps[0].fromMs / 60_000) * 60_000;
  assert.ok(bot.passed.includes(minute), 'it passed over the minute of the gap');
  assert.ok(bot.orders.every((order) => order + 60_000 <= gaps[0].fromMs || order >= gaps[0].toMs));
  assert.ok(bot.orders.length > 0, 'it traded in other minutes');
});
