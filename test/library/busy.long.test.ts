/** A consumer that computes for half a minute costs no packet: the engine has a thread of its own. */
import { expect, it } from 'vitest';
import { monoMs } from '../../src/clock.js';
import { openFeed, simulated, type CandleEvent } from '../../src/library/index.js';

const BUSY_MS = 30_000;
/** At speed 60 the run lasts as long as its consumer computes. */
const MINUTES = 28;

it('loses no packet while its consumer computes for 30 s', async () => {
  const feed = await openFeed({
    broker: simulated({ seed: 5, speed: 60 }),
    instruments: ['NSE:RELIANCE', 'NSE:TCS'],
    minutes: MINUTES,
  });
  const untilMs = monoMs() + BUSY_MS;
  while (monoMs() < untilMs);
  const events: CandleEvent[] = [];
  for await (const event of feed) events.push(event);
  expect(events.filter(({ type }) => type === 'connection')).toHaveLength(1);
  // Nothing is unseen but what was before the first connection and after the run.
  expect(events.filter((event) => event.type === 'gap' && !['start', 'end'].includes(event.cause))).toEqual(
    [],
  );
  const whole = events.filter((event) => event.type === 'candle' && !event.quality.partial);
  expect(whole.length).toBeGreaterThanOrEqual(2 * (MINUTES - 1));
  expect(events.at(-1)).toMatchObject({ type: 'end' });
});
