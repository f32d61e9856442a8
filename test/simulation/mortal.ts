/**
 * A shard that can be killed in this thread, after any store: an instrumented copy whose
 * hook throws.
 */
import type * as ShardModule from '../../src/shard/shard.js';
import { shipped } from '../../src/paths.js';
import { instrument } from '../threads/instrument.js';

/** What a dying shard throws. No shard code catches, so the memory stays as a thread that died would leave it. */
export const DEATH = new Error('the shard was killed');

let storesLeft = 0;

/** Makes the shard die after `stores` more stores; 0: never. Returns how many were left. */
export function fate(stores: number): number {
  const left = storesLeft;
  storesLeft = stores;
  return left;
}

/** The hook: a store was done. */
export function passed(): void {
  if (storesLeft > 0 && --storesLeft === 0) throw DEATH;
}

/** Makes the copy again from the compiled code and returns its class. */
export async function mortalShard(): Promise<typeof ShardModule.Shard> {
  instrument('mortal', 'test/simulation/mortal.js');
  const { Shard } = (await import(shipped('dist/src/shard/shard.mortal.js').href)) as typeof ShardModule;
  return Shard;
}
