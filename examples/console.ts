/** Candles of two instruments on the console, with what is known of each minute. No account is needed. */
import { openFeed, simulated } from 'tickshard';

await using feed = await openFeed({
  broker: simulated({ seed: 1 }),
  instruments: ['NSE:RELIANCE', 'NSE:TCS'],
  minutes: 5,
});

for await (const event of feed) {
  if (event.type === 'gap')
    console.log(`nothing seen from ${event.fromMs} to ${event.toMs ?? 'now'}: ${event.cause}`);
  if (event.type !== 'candle' && event.type !== 'revision') continue;
  const { instrument, candle, quality, revision } = event;
  const minute = new Date(candle.timestampMs).toLocaleTimeString('en-IN', {
    timeZone: 'Asia/Kolkata',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  });
  const doubt = quality.partial ? ' partial' : '';
  console.log(
    `${minute} ${instrument.symbol} ${candle.close} volume ${candle.volume} revision ${revision}${doubt}`,
  );
}
