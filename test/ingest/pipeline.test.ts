/** The pipeline after a stall of its own process, and before the first connection. */
import { expect, it, vi } from 'vitest';
import { at, engineOf } from '../shard/drive.js';
import { Shard } from '../../src/shard/shard.js';
import { Intake } from '../../src/ingest/intake.js';
import { messagesOf } from '../messages.js';
import { Pipeline } from '../../src/ingest/pipeline.js';
import { Agenda } from '../simulation/agenda.js';

it('resets silence for a read that comes after a stall and before any timer', () => {
  const clock = new Agenda(at('11:00'));
  const engine = engineOf(1, 1);
  const resets: number[] = [];
  class Watched extends Intake {
    override resetSilence(marketMs: number): void {
      resets.push(marketMs);
    }
  }
  const intake = new Watched({ engine });
  const pipeline = new Pipeline({
    engine,
    intake,
    clock,
    journal: undefined,
    socket: { pause: () => undefined, resume: () => undefined },
    redact: () => undefined,
  });
  pipeline.subscribed(1);
  pipeline.start();
  clock.stall(200);
  pipeline.binary(messagesOf([new Uint8Array(51)]), 1);
  expect(resets).toEqual([]);
  clock.stall(4000);
  pipeline.binary(messagesOf([new Uint8Array(51)]), 2);
  pipeline.binary(messagesOf([new Uint8Array(51)]), 2);
  expect(resets).toEqual([clock.marketMs()]);
});

it('settles without a journal before anything was received', async () => {
  // A run in stepped time that waits for the opening stood still for ever: the initial gap was never published.
  const engine = engineOf(1, 1);
  const pipeline = new Pipeline({
    engine,
    intake: new Intake({ engine }),
    clock: new Agenda(at('09:13')),
    journal: undefined,
    socket: { pause: () => undefined, resume: () => undefined },
    redact: () => undefined,
  });
  let settled = false;
  void pipeline.settle().then(() => (settled = true));
  for (const memory of engine.memories) while (new Shard(memory).step(() => 0, 64) > 0);
  await vi.waitFor(() => expect(settled).toBe(true));
  expect(pipeline.busy).toBe(false);
});
