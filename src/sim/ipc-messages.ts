/** What a stage run and the simulator that it starts as a child process say to each other, over the channel between the two. */

import type { VolumeKind } from '../candles/candle.js';
import type { Listing } from '../market/instrument.js';

/** From the run to its simulator. */
export type ToSimulator =
  | {
      readonly type: 'prepare';
      readonly listings: readonly Listing[];
      /** Symbols whose candles before the start are wanted. */
      readonly historyOf: readonly string[];
      readonly volumeKind: VolumeKind;
    }
  /** Only after `prepared`: market time starts now. */
  | { readonly type: 'start' };

/** From the simulator to its run. */
export type FromSimulator =
  | {
      readonly type: 'prepared';
      /** By symbol, as `packCandles` makes them. */ readonly history: Readonly<
        Record<string, readonly number[]>
      >;
    }
  | {
      readonly type: 'started';
      readonly feedUrl: string;
      /** Market time at the anchor, epoch ms. */
      readonly originMs: number;
      /** The anchor on the machine's monotonic clock, which all its processes share. */
      readonly anchorMonoMs: number;
      readonly speed: number;
    }
  | { readonly type: 'failed'; readonly sentence: string };
