/** The engine's settings that a test changes. */

/** Lets a test reach the engine's limits sooner. */
export interface EnginePreset {
  /** Records per ring. */
  readonly slots?: number;
  /** Replaces the shards' thread entry. */
  readonly shardWorker?: URL;
}
