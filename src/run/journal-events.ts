/** The events of a journal, for programs: its packets through an engine with a thread for its bars, and no files. */
import type { CandleEvent } from '../candles/events.js';
import { openShards, sharedShards } from '../candles/shared-shards.js';
import { CandleStream } from '../candles/stream.js';
import { JournalSource, readJournalHead } from '../ingest/journal-source.js';
import { timeframesOf } from '../journal/meta.js';
import { Notices } from '../memory/notices.js';
import { ShardPool } from '../threads/shard-pool.js';
import { journalEngine } from './journal-engine.js';

/**
 * Yields the events of the run whose journal is in `folder`, but for those that no replay has. Throws EngineError
 * JOURNAL.
 */
export async function* journalEvents(folder: string): AsyncGenerator<CandleEvent, void> {
  const { meta } = await readJournalHead(folder);
  const { engine, intake } = journalEngine(meta, 1);
  const notices = new Notices(engine.places.length);
  const stream = new CandleStream(openShards(sharedShards(engine)), {
    notices,
    timeframes: timeframesOf(meta),
  });
  const shards = new ShardPool({ memories: engine.memories, counters: engine.counters });
  const abandoned = new AbortController();
  const source = new JournalSource({ folder, engine, intake, signal: abandoned.signal });
  const failed = new AbortController();
  const feed = async (): Promise<void> => {
    await shards.start();
    const { verdict } = await source.run();
    intake.end();
    engine.router.publish();
    await shards.done;
    notices.conclude(verdict);
  };
  const feeding = feed();
  feeding.catch(() => failed.abort());
  try {
    while (!stream.ended && !failed.signal.aborted) {
      await stream.changed(failed.signal);
      yield* stream.read();
    }
    await feeding;
  } finally {
    abandoned.abort();
    await feeding.catch(() => undefined);
    await shards.stop();
  }
}
