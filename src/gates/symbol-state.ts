/** A symbol's state in one word. Pure. */
import { FRESH_MS } from './bounds.js';
import type { RowFigures } from '../memory/shard-reader.js';

/** A last tick younger than this, market ms, means `ticking`; from FRESH_MS on, `stale`. */
const TICKING_MS = 5000;

export type SymbolState = 'ticking' | 'quiet' | 'stale' | 'silent' | 'shut';

/** For people. */
export const STATE_MEANINGS: Readonly<Record<SymbolState, string>> = {
  ticking: `a tick within ${TICKING_MS / 1000} s`,
  quiet: `within ${FRESH_MS / 1000} s`,
  stale: 'older',
  silent: 'never',
  shut: 'trading is not continuous',
};

export const SYMBOL_STATES = Object.keys(STATE_MEANINGS) as readonly SymbolState[];

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
