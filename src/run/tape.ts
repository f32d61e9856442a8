/** The tape of a simulated run: read before the run is planned, as its digest is part of the origin of its candles. */
import type { StageConfig, TapeChoice } from '../cli/config.js';
import { istStamp } from '../market/session.js';
import { readTape } from '../sim/tape-file.js';
import type { Plan } from './plan.js';
import { namedBy } from '../market/instrument.js';

/** The choice with what its file says. Throws EngineError USAGE if it is no tape. */
export async function seenTape(tape: TapeChoice): Promise<TapeChoice> {
  const { digest, offsetMs } = await readTape(tape.path);
  return { ...tape, seen: { digest, lengthMs: offsetMs[offsetMs.length - 1] } };
}

/** The configuration with its tape read, if it has one. Throws EngineError USAGE. */
export async function withTape(config: StageConfig): Promise<StageConfig> {
  const { feed } = config;
  if (feed.kind !== 'sim' || feed.tape === undefined) return config;
  return { ...config, feed: { ...feed, tape: await seenTape(feed.tape) } };
}

/** A sentence if the tape is over when the run begins, else none: nothing of it would be seen. */
export function overTape({ config: { feed }, instruments, sessionOf, startsMs }: Plan): string[] {
  if (feed.kind !== 'sim' || feed.tape?.seen === undefined) return [];
  const { symbol, path, seen } = feed.tape;
  const instrument = namedBy(symbol, instruments);
  if (instrument === undefined) return [];
  const { openMs } = sessionOf(instrument);
  const lastMs = openMs + seen.lengthMs;
  if (lastMs > startsMs) return [];
  const opening = istStamp(openMs).slice(0, 16);
  return [
    `the tape ${path} of ${symbol} ends at ${istStamp(lastMs).slice(11, 19)}, before this run begins, and its price stands still: it is seen with --at ${opening}.`,
  ];
}
