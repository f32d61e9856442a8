/** How a symbol does at a moment: one word for the checklist, the page and the terminal. Pure. */
import { FRESH_MS } from './bounds.js';
import type { RowFigures } from '../memory/shard-reader.js';

/** How a symbol does (`stateOf`). */
export const SYMBOL_STATES = ['ticking', 'quiet', 'stale', 'silent', 'shut'] as const;

export type SymbolState = (typeof SYMBOL_STATES)[number];

/** Market ms up to which a last tick is of now. */
export const TICKING_MS = 5000;

/** How a symbol does: its last tick of now, not quite, older than gate `fresh` likes, never any, or trading is not continuous. */
export function symbolState(
  { ticks, lastTickMs }: Pick<RowFigures, 'ticks' | 'lastTickMs'>,
  marketMs: number | undefined,
  inContinuous: boolean,
): SymbolState {
  if (!inContinuous) return 'shut';
  if (ticks === 0 || lastTickMs === undefined || marketMs === undefined) return 'silent';
  const ageMs = marketMs - lastTickMs;
  return ageMs < TICKING_MS ? 'ticking' : ageMs < FRESH_MS ? 'quiet' : 'stale';
}
