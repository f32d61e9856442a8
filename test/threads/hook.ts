/**
 * What instrumented shard code calls after each of its stores (`instrument.ts`). Unarmed it does nothing; counting, it
 * counts; armed in a worker it ends the thread there, once for each point and never more than twice at one record, so
 * that none becomes poison.
 */
import { SHARD, type ShardMemory } from '../../src/memory/layout.js';

/** A plan of crashes, in shared memory, because it outlives the threads that it ends. */
export interface CrashPlan {
  /** Times that each point was passed, over all threads. */
  readonly hits: Int32Array;
  /** At which pass a point is due. */
  readonly due: Int32Array;
  /** How often it was killed. */
  readonly killed: Int32Array;
  /** By shard, two words: the record of the last death, and deaths there. */
  readonly deaths: Int32Array;
  /** Cursors at which any thread dies while applying; its points are the first ones, every time. */
  readonly poison: readonly number[];
  readonly foldPoints: number;
  /** Deaths to come of threads that have nothing to do. */
  readonly idleDeaths: Int32Array;
}

/** A plan for `points` in which nothing is due. */
export function newPlan(points: number, poison: readonly number[] = [], foldPoints = points): CrashPlan {
  const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4));
  return {
    hits: words(points),
    due: words(points).fill(0x7fffffff),
    killed: words(points),
    deaths: words(2 * 64),
    poison,
    foldPoints,
    idleDeaths: words(1),
  };
}

let plan: CrashPlan | undefined;
let shard = 0;
let memory: ShardMemory | undefined;

/** From now on this thread counts into `with_`, and dies by it when `on` is given. */
export function arm(with_: CrashPlan | undefined, on?: { shard: number; memory: ShardMemory }): void {
  plan = with_;
  shard = on?.shard ?? 0;
  memory = on?.memory;
}

/** The hook: `point` numbers the store that was just done. */
export function passed(point: number): void {
  if (plan === undefined) return;
  const hit = Atomics.add(plan.hits, point, 1) + 1;
  if (memory === undefined) return;
  const cursor = memory.i32[SHARD.working];
  if (point < plan.foldPoints && plan.poison.includes(cursor)) process.exit();
  if (hit < plan.due[point] || Atomics.load(plan.killed, point) !== 0) return;
  if (plan.deaths[2 * shard] !== cursor) {
    plan.deaths[2 * shard] = cursor;
    plan.deaths[2 * shard + 1] = 0;
  }
  if (plan.deaths[2 * shard + 1] >= 2) return;
  if (Atomics.compareExchange(plan.killed, point, 0, 1) !== 0) return;
  plan.deaths[2 * shard + 1]++;
  process.exit();
}
