/** The engine for a journal: what its run had, by its meta entry. */
import { wireEngine, type WiredEngine } from '../ingest/wire-engine.js';
import type { RunMeta } from '../journal/meta.js';
import { broker } from './broker.js';

/** For any number of shards, which changes no candle. */
export function journalEngine(meta: RunMeta, shards: number): WiredEngine {
  const { instruments, sessions, mode, graceMs, silenceMs, marketDateMs } = meta;
  return wireEngine({
    codec: broker.codec,
    instruments,
    sessionOf: ({ index }) => sessions[index],
    mode,
    shards,
    graceMs,
    silenceMs,
    marketDateMs,
  });
}
