/** What a stage run and its simulated broker, a child process, say to each other. */
import type { CandleRow, VolumeKind } from '../market/candle.js';
import type { Listing } from '../market/instrument.js';

export type ToSimulator =
  /** Make a market of these, and tell the earlier candles of some. */
  | { readonly type: 'prepare'; readonly listings: readonly Listing[]; readonly historyOf: readonly string[]; readonly volumeKind: VolumeKind }
  /** Start the market's clock now, and serve. */
  | { readonly type: 'start' };

export type FromSimulator =
  | { readonly type: 'prepared'; readonly history: Readonly<Record<string, readonly CandleRow[]>> }
  /** The market's clock: `originMs` of market time at the monotonic instant `anchorMonoMs`, which means the same in all processes of a machine. */
  | { readonly type: 'started'; readonly feedUrl: string; readonly originMs: number; readonly anchorMonoMs: number; readonly speed: number }
  | { readonly type: 'failed'; readonly sentence: string };
