/** The one place that builds an engine and its intake, for runs, replays, benches and tests. */
import { Engine, type EngineOptions } from './engine.js';
import { Intake, type SampleTick } from './intake.js';

export interface WiredEngine {
  readonly engine: Engine;
  readonly intake: Intake;
}

/** Builds both. `onSample` gets the first ticks, for the log. */
export function wireEngine(options: EngineOptions, onSample?: (tick: SampleTick) => void): WiredEngine {
  const engine = new Engine(options);
  return { engine, intake: new Intake({ engine, onSample }) };
}
