/** Messages between the main thread and the thread of `--publish`. */
import type { MessagePort } from 'node:worker_threads';
import type { FileIdentity } from '../candles/candle.js';
import type { SharedShard } from '../candles/shared-shards.js';
import type { Timeframe } from '../market/timeframe.js';
import type { NatsAccess } from '../publish/credentials.js';
import type { PublishFigures } from '../publish/figures.js';

export interface PublishTask {
  readonly port: MessagePort;
  readonly shards: readonly SharedShard[];
  readonly timeframes: readonly Timeframe[];
  readonly access: NatsAccess;
  /** Of whom the messages are; a resumed run and a replay have the run's own name. */
  readonly run: string;
  readonly identity: FileIdentity;
  /** Nothing of this run was stored before, epoch ms; undefined if that is not known. */
  readonly sinceMs: number | undefined;
  readonly ledger: SharedArrayBuffer;
}

export interface FromPublish {
  readonly figures: PublishFigures;
  /** The server has every candle of the run in its last state. */
  readonly done: boolean;
}

/** No candle changes any more: publish the rest. */
export interface ToPublish {
  readonly kind: 'finish';
}
