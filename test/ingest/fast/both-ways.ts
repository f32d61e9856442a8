/** Plays schedules into an engine with its fast paths and without them, and reads all that can be seen of it. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { seededRandom } from '../../../src/random.js';
import { Shard } from '../../../src/shard/shard.js';
import type { ShardMemory } from '../../../src/memory/layout.js';
import { messagesOf } from '../../messages.js';
import type { NaiveMode } from '../../naive.js';
import { INSTRUMENTS, outcome, wiredOf } from '../../shard/drive.js';
import type { Step } from '../../shard/schedule.js';
import { tokenIndex } from '../../shard/sockets.js';

/** Groups packets that follow each other into reads of 1 to `max`. */
export function inReads(steps: readonly Step[], max: number, seed: number): Step[][] {
  const random = seededRandom(seed, max);
  const reads: Step[][] = [];
  for (let k = 0; k < steps.length;) {
    const size = 1 + Math.floor(random() * max);
    let end = k + 1;
    if (steps[k].kind === 'packet')
      while (end < steps.length && end - k < size && steps[end].kind === 'packet') end++;
    reads.push(steps.slice(k, end));
    k = end;
  }
  return reads;
}

/** Market ms after a packet at which it is not silent yet (`wiredOf` has 3 s). */
const JUST_SILENT_MS = 2900;

/** Hash of the records in the ring; the schedules are too short to overwrite any. */
function ringOf({ i32, ring, recordSize, shape }: ShardMemory): string {
  const records = i32.subarray(2 * ring, 2 * (ring + recordSize * shape.slots));
  return createHash('sha256')
    .update(new Uint8Array(records.buffer, records.byteOffset, records.byteLength))
    .digest('hex');
}

/** Plays reads through an intake. Returns all that can be seen of it, and how many frames the fast path took. */
function play(
  mode: NaiveMode,
  reads: readonly (readonly Step[])[],
  fastPaths: boolean,
  shards: number,
): { seen: unknown; taken: number } {
  const { engine, intake } = wiredOf(mode, shards, INSTRUMENTS, { fastPaths });
  const { router, watermark } = engine;
  const threads = engine.memories.map((memory) => new Shard(memory));
  const answers: number[] = [];
  const silences: boolean[] = [];
  let taken = 0;
  for (const read of reads) {
    for (let k = 0; k < read.length;) {
      const step = read[k];
      if (step.kind === 'tick') intake.advanceTo(step.marketMs);
      else if (step.kind === 'disconnected') intake.disconnected();
      else if (step.kind === 'subscribed')
        intake.subscribed({ connection: step.connection, marketMs: step.marketMs, monoMs: step.monoMs });
      if (step.kind !== 'packet') {
        k++;
        continue;
      }
      const { marketMs, monoMs } = read[read.length - 1] as typeof step;
      const { connection } = step.packet;
      const together = read.slice(k).map((one) => (one as typeof step).packet);
      const other = together.findIndex((packet) => packet.connection !== connection);
      const messages = messagesOf(
        together.slice(0, other < 0 ? together.length : other).map(({ bytes }) => bytes),
      );
      const arrival = { connection, marketMs, monoMs };
      for (let m = 0; m < messages.count; m++) {
        const ordinary = intake.takeOrdinary(messages, m, arrival);
        taken += ordinary;
        for (let j = m; j < m + ordinary; j++) answers.push(tokenIndex(messages.slice(j)));
        m += ordinary;
        if (m < messages.count) answers.push(intake.binary(messages.slice(m), arrival));
      }
      k += messages.count;
    }
    router.publish();
    for (const shard of threads) while (shard.step(() => 0, 256) > 0);
    const last = read[read.length - 1];
    if (last.kind === 'packet') silences.push(watermark.isSilent(last.marketMs + JUST_SILENT_MS));
  }
  intake.end();
  router.publish();
  for (const shard of threads) while (shard.step(() => 0, 256) > 0);
  const { timeMs, lastFrameMs, sealed, seenUntilMs, silenceResetAtMs, ordinaryLeadMs, dueAtMs } = watermark;
  return {
    seen: {
      answers,
      silences,
      outcome: outcome(engine),
      rings: reads.length < 1000 ? engine.memories.map(ringOf) : undefined,
      counters: [...engine.counters],
      lag: intake.lag.figures(),
      watermark: { timeMs, lastFrameMs, sealed, seenUntilMs, silenceResetAtMs, ordinaryLeadMs, dueAtMs },
    },
    taken,
  };
}

/** Expects the same of everything with the fast paths and without them. Returns how many frames the fast path took. */
export function expectSame(mode: NaiveMode, reads: readonly (readonly Step[])[], shards = 2): number {
  const fast = play(mode, reads, true, shards);
  const ordinary = play(mode, reads, false, shards);
  expect(ordinary.taken).toBe(0);
  expect(fast.seen).toEqual(ordinary.seen);
  return fast.taken;
}
