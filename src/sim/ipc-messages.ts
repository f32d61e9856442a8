/** IPC between a run and its child process, the simulator. */

import type { VolumeKind } from '../candles/candle.js';
import type { Listing } from '../market/instrument.js';
import type { Turn, Turned } from '../stepped/turns.js';
import type { MarketSpeed } from './speed.js';

/** The argument of workers/simulator.ts, as JSON. */
export interface SimulatorTask {
  readonly seed: number;
  readonly speed: MarketSpeed;
  /** Market time at its start, epoch ms; a whole second. */
  readonly atMs: number;
  /** As on a command line; changes of the measured ones. */
  readonly habits?: readonly string[];
  /** As on a command line. */
  readonly faults: readonly string[];
  readonly tape?: { readonly symbol: string; readonly path: string } | undefined;
}

export type ToSimulator =
  | {
      readonly type: 'prepare';
      readonly listings: readonly Listing[];
      /** Whose candles before the start are needed. */
      readonly historyOf: readonly string[];
      readonly volumeKind: VolumeKind;
    }
  /** Only after `prepared`: starts market time. */
  | { readonly type: 'start' }
  /** Stepped time only. */
  | { readonly type: 'turn'; readonly turn: Turn };

export type FromSimulator =
  | {
      readonly type: 'prepared';
      /** By name, from `packCandles`. */
      readonly history: Readonly<Record<string, readonly number[]>>;
    }
  | {
      readonly type: 'started';
      readonly feedUrl: string;
      readonly port: number;
      /** Market time at the anchor, epoch ms. */
      readonly originMs: number;
      /** The anchor on the monotonic clock that the machine's processes share. */
      readonly anchorMonoMs: number;
      readonly speed: number;
    }
  | { readonly type: 'turned'; readonly turned: Turned }
  | { readonly type: 'failed'; readonly sentence: string };
