/** What a test changes of the engine. */
import type { FeedLimits } from '../feed/connection-machine.js';

/** Changes to the engine by which a test reaches its limits sooner. */
export interface EnginePreset {
  /** Records per ring. */
  readonly slots?: number;
  /** Another thread entry for the shards. */
  readonly shardWorker?: URL;
  /** Other limits of the feed, so that silence is detected sooner. */
  readonly feedLimits?: FeedLimits;
}
