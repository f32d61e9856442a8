/** Feeds real threads as a producer that reads memory does: it waits when a ring is nearly full. */
import type { Engine } from '../../src/ingest/engine.js';
import { tell } from '../shard/drive.js';
import type { Step } from '../shard/schedule.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves when `holds` does; polled once a turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** Sends all steps to the router, without END. Returns how often it had to wait. */
export async function feed(engine: Engine, steps: readonly Step[]): Promise<number> {
  const { router } = engine;
  let pauses = 0;
  for (const [k, step] of steps.entries()) {
    tell(engine, step);
    if (!router.aboveHighWater) {
      // As one read of the socket ends.
      if (k % 97 === 0) router.publish();
      continue;
    }
    pauses++;
    router.publish();
    await until(() => router.belowLowWater);
  }
  router.publish();
  return pauses;
}
