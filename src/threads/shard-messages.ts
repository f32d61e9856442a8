/** What a shard's thread is started with. */
import type { ShardShape } from '../memory/layout.js';

/** A shard's task. */
export interface ShardTask {
  readonly shape: ShardShape;
  readonly buffer: SharedArrayBuffer;
  readonly ledger: SharedArrayBuffer | undefined;
}
