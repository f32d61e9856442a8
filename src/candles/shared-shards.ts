/** A run's memory as another thread receives it, and opens it to read candles. */
import { ShardMemory, type ShardShape } from '../memory/layout.js';
import type { RowPlace } from '../memory/shard-reader.js';
import type { StreamShard } from './stream.js';

/** One shard's memory and rows, for a message. */
export interface SharedShard {
  readonly shape: ShardShape;
  readonly buffer: SharedArrayBuffer;
  readonly places: readonly RowPlace[];
}

/** In order of the shards. */
export function sharedShards({
  memories,
  places,
}: {
  readonly memories: readonly ShardMemory[];
  readonly places: readonly RowPlace[];
}): SharedShard[] {
  return memories.map(({ shape, buffer }, shard) => ({
    shape,
    buffer,
    places: places.filter((place) => place.shard === shard),
  }));
}

/** Views of the same memory. */
export function openShards(shards: readonly SharedShard[]): StreamShard[] {
  return shards.map(({ shape, buffer, places }) => ({ memory: new ShardMemory(shape, buffer), places }));
}
