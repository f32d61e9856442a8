/** The engine's settings: those of a plan, and those that a test changes. */
import type { EngineOptions } from '../ingest/engine.js';
import { broker } from './broker.js';
import type { Plan } from './plan.js';

/** Lets a test reach the engine's limits sooner. */
export interface EnginePreset {
  /** Records per ring. */
  readonly slots?: number;
  /** Replaces the shards' thread entry. */
  readonly shardWorker?: URL;
}

export function engineOptionsOf({
  config,
  instruments,
  sessionOf,
  silenceMs,
  startsMs,
}: Plan): EngineOptions {
  const { mode, shards, graceMs } = config;
  return {
    codec: broker.codec,
    instruments,
    sessionOf,
    mode,
    shards,
    graceMs,
    silenceMs,
    marketDateMs: startsMs,
  };
}
