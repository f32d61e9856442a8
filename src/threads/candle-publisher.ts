/** `--publish` in its thread: publishes candles from the shards' memory. Nothing waits for it. */
import { openShards } from '../candles/shared-shards.js';
import { CandleStream } from '../candles/stream.js';
import { SystemClock, sleep } from '../clock.js';
import { CandleBus } from '../publish/bus.js';
import { Publisher } from '../publish/publisher.js';
import { namesOf } from '../publish/servers.js';
import type { FromPublish, PublishTask } from './publish-messages.js';

/** Events between two looks at what servers say. */
const MAX_EVENTS = 256;
/** Real ms between two reports of figures, and two looks whether all is published. */
const REPORT_MS = 200;
const LOOK_MS = 20;

/** Resolves when the server has every candle of a run that is over. */
export async function publishCandles(task: PublishTask): Promise<void> {
  const { port, shards, timeframes, access, run, identity, sinceMs } = task;
  // Without notices the stream ends with the shards: there is no verdict before the candles are published.
  const stream = new CandleStream(openShards(shards), { timeframes });
  const publisher = new Publisher({
    memory: stream,
    open: () => CandleBus.open(access),
    run,
    identity,
    servers: namesOf(access.servers),
    sinceMs,
  });
  const over = new AbortController();
  port.on('message', () => over.abort());
  const say = (done: boolean): void => {
    const message: FromPublish = { figures: publisher.figures(), done };
    port.postMessage(message);
  };
  const reporting = new SystemClock().every(REPORT_MS, () => say(false));
  const connecting = publisher.run();
  try {
    while (!over.signal.aborted) {
      await stream.changed(over.signal);
      await takeDue(stream, publisher);
    }
    await takeDue(stream, publisher);
    publisher.settle();
    while (!publisher.isIdle) await sleep(LOOK_MS);
    say(true);
  } finally {
    reporting.cancel();
    await publisher.stop();
    await connecting;
    port.close();
  }
}

async function takeDue(stream: CandleStream, publisher: Publisher): Promise<void> {
  let taken = 0;
  for (const event of stream.read()) {
    publisher.note(event);
    if (++taken % MAX_EVENTS === 0) await sleep(0);
  }
}
