/** The one place that builds an engine together with its intake: for runs, replays, benches and tests. */
import { Engine, type EngineOptions } from './engine.js';
import { Intake, type SampleTick } from './intake.js';

/** An engine with the intake that decodes, counts and routes what arrives. */
export interface WiredEngine {
  readonly engine: Engine;
  readonly intake: Intake;
}

/** Builds an engine and its intake. `onSample` gets the first ticks, for the log. */
export function wireEngine(options: EngineOptions, onSample?: (tick: SampleTick) => void): WiredEngine {
  const engine = new Engine(options);
  return { engine, intake: new Intake({ engine, onSample }) };
}
