/** A shard thread's start message. */
import type { ShardShape } from '../memory/layout.js';

export interface ShardTask {
  readonly shape: ShardShape;
  readonly buffer: SharedArrayBuffer;
  readonly ledger: SharedArrayBuffer | undefined;
}
