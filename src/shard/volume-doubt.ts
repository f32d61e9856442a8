/**
 * One packet's cumulative volume moves nothing for good (docs/semantics.md, "Volume"): the next packet of the
 * connection confirms it or takes it back. The open slot keeps one doubt:
 *
 * | doubt                                    | the next volume is             | then                                  |
 * | ---------------------------------------- | ------------------------------ | ------------------------------------- |
 * | `rise`, `bareRise` (of no visible trade) | at or above the anchor         | it is confirmed                       |
 * | the same                                 | at or above the anchor before  | it is taken back (`takeBack`)         |
 * | any                                      | below the anchors              | `fall`: this packet is in doubt       |
 * | `fall`                                   | at or above the anchor         | the fall was a stray, counted         |
 * | `fall`                                   | at or above the fallen volume  | that is the new anchor, counted       |
 *
 * The bar of a rise is still the loaded one when the rise is taken back, and its fields are set to what they were, so
 * that a repeated batch does the same again.
 */
import { SHARD, SLOT, STATIC, type ShardMemory } from '../memory/layout.js';
import { BAR } from '../memory/bar.js';
import { PACKET } from '../memory/record.js';
import { barAt } from '../memory/bar-times.js';

/** `SLOT.doubt`. PENDING is added to a rise's if the anchor before it had a pending volume. */
export const DOUBT = { none: 0, rise: 1, bareRise: 2, fall: 3 } as const;
const PENDING = 4;

/**
 * Keeps what a rise changes: the loaded bar's volume and slack, and the anchor. Call before it changes them. Ends a
 * doubt, whose bar may no longer be the loaded one.
 */
export function keepBeforeRise(f: Float64Array, s: number): void {
  const b = s + SLOT.bar;
  f[s + SLOT.doubt] = DOUBT.none;
  f[s + SLOT.doubtVolume] = f[s + SLOT.anchorVolume];
  f[s + SLOT.doubtAt] = f[s + SLOT.anchorAt];
  f[s + SLOT.doubtBarVolume] = f[b + BAR.volume];
  f[s + SLOT.doubtSlackBefore] = f[b + BAR.slackBefore];
  f[s + SLOT.doubtSlackFrom] = f[b + BAR.slackFrom];
  f[s + SLOT.doubtSlackAfter] = f[b + BAR.slackAfter];
}

/** `SLOT.doubt` of a rise. `traded`: 1 if its packet shows a trade. */
export function riseDoubt(traded: number, wasPending: number): number {
  return (traded === 1 ? DOUBT.rise : DOUBT.bareRise) + (wasPending === 1 ? PENDING : 0);
}

/** The rise is in doubt. Arguments as of `riseDoubt`. Call after `setAnchor`. */
export function doubtRise(f: Float64Array, s: number, traded: number, wasPending: number): void {
  f[s + SLOT.doubt] = riseDoubt(traded, wasPending);
}

/** The packet's volume lies below the anchor, and is not trusted yet. */
export function doubtFall(f: Float64Array, s: number, r: number): void {
  f[s + SLOT.doubt] = DOUBT.fall;
  f[s + SLOT.doubtVolume] = f[r + PACKET.volume];
  f[s + SLOT.doubtAt] = f[r + PACKET.exchangeMs];
}

/**
 * Settles the doubt by packet `r` of the same connection, and so sets the anchor from which its volume counts. True if
 * that changed a sealed bar.
 */
export function settle(m: ShardMemory, row: number, s: number, r: number): boolean {
  const f = m.f64;
  const doubt = f[s + SLOT.doubt];
  if (doubt === DOUBT.none) return false;
  const volume = f[r + PACKET.volume];
  f[s + SLOT.doubt] = DOUBT.none;
  if (volume >= f[s + SLOT.anchorVolume]) {
    if (doubt === DOUBT.fall) f[s + SLOT.volumeStrays] += 1;
    return false;
  }
  // Below both anchors: nothing of the earlier packet is known to be wrong.
  if (volume < f[s + SLOT.doubtVolume]) return false;
  if (doubt !== DOUBT.fall) return takeBack(m, row, s, r, doubt);
  // Before the opening the volume of the day before gives way to this day's.
  if (f[s + SLOT.doubtAt] >= f[m.staticOf(row) + STATIC.openMs]) f[s + SLOT.volumeResets] += 1;
  f[s + SLOT.anchorVolume] = f[s + SLOT.doubtVolume];
  f[s + SLOT.anchorAt] = f[s + SLOT.doubtAt];
  f[s + SLOT.volumePending] = 0;
  return false;
}

/** Takes the last rise back. Its tick stays if its packet showed a trade or its minute is over. */
function takeBack(m: ShardMemory, row: number, s: number, r: number, doubt: number): boolean {
  const f = m.f64;
  const b = s + SLOT.bar;
  const bar = f[s + SLOT.barIndex];
  const ticked = f[b + BAR.volume] !== f[s + SLOT.doubtBarVolume];
  const sealed = ticked && bar <= m.i32[SHARD.sealed];
  const wasPending = doubt >= PENDING;
  const bare = doubt % PENDING === DOUBT.bareRise;
  f[s + SLOT.volumeStrays] += 1;
  f[b + BAR.volume] = f[s + SLOT.doubtBarVolume];
  f[b + BAR.slackBefore] = f[s + SLOT.doubtSlackBefore];
  f[b + BAR.slackFrom] = f[s + SLOT.doubtSlackFrom];
  f[b + BAR.slackAfter] = f[s + SLOT.doubtSlackAfter];
  f[s + SLOT.anchorVolume] = f[s + SLOT.doubtVolume];
  f[s + SLOT.anchorAt] = f[s + SLOT.doubtAt];
  // The volume of a trade that the packet showed is still to come.
  f[s + SLOT.volumePending] = !bare || wasPending ? 1 : 0;
  if (sealed) f[b + BAR.revision] += 1;
  else if (bare && ticked && barAt(m, row, r + PACKET.exchangeMs) === bar) {
    f[b + BAR.ticks] -= 1;
    if (f[b + BAR.ticks] === 0) f[b + BAR.marks] = 0;
    f[s + SLOT.ticks] -= 1;
    f[s + SLOT.noTrade] += 1;
  }
  return sealed;
}
