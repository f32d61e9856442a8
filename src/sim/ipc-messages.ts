/** IPC messages between a run and the simulator, its child process. */

import type { VolumeKind } from '../candles/candle.js';
import type { Listing } from '../market/instrument.js';

/** From the run to its simulator. */
export type ToSimulator =
  | {
      readonly type: 'prepare';
      readonly listings: readonly Listing[];
      /** Symbols whose candles before the start are needed. */
      readonly historyOf: readonly string[];
      readonly volumeKind: VolumeKind;
    }
  /** Only after `prepared`: starts market time. */
  | { readonly type: 'start' };

/** From the simulator to its run. */
export type FromSimulator =
  | {
      readonly type: 'prepared';
      /** By symbol, in the form of `packCandles`. */ readonly history: Readonly<
        Record<string, readonly number[]>
      >;
    }
  | {
      readonly type: 'started';
      readonly feedUrl: string;
      /** Market time at the anchor, epoch ms. */
      readonly originMs: number;
      /** The anchor on the monotonic clock that all the machine's processes share. */
      readonly anchorMonoMs: number;
      readonly speed: number;
    }
  | { readonly type: 'failed'; readonly sentence: string };
