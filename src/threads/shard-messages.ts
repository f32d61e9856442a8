import '../memory/io-ledger.js';
import { type ShardShape } from '../memory/layout.js';

/** What a shard's task is given. */
export interface ShardTask {
  readonly shape: ShardShape;
  readonly buffer: SharedArrayBuffer;
  readonly ledger: SharedArrayBuffer | undefined;
}
