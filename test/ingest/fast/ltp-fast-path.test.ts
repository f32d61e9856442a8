/** The quick lane of the main thread (`src/ingest/fast/ltp-fast-path.ts`): with it and without it, the same of everything. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/random.js';
import { Shard } from '../../../src/shard/shard.js';
import { decode } from '../../../src/broker/angel/frames.js';
import { Packet } from '../../../src/market/packet.js';
import { Intake } from '../../../src/ingest/intake.js';
import type { NaiveMode } from '../../naive.js';
import { messagesOf } from '../../messages.js';
import { at, engineOf, INSTRUMENTS, instrumentsOf, outcome } from '../../shard/drive.js';
import { seededHappenings, unfold, type Step } from '../../shard/schedule.js';

const seed = Number(process.env.SEED ?? 20261126);

/** Steps in which packets that follow each other arrive together, in reads of 1 to `most`. */
function inReads(steps: readonly Step[], most: number): Step[][] {
  const random = seededRandom(seed, most);
  const reads: Step[][] = [];
  for (let k = 0; k < steps.length;) {
    const size = 1 + Math.floor(random() * most);
    let end = k + 1;
    if (steps[k].kind === 'packet')
      while (end < steps.length && end - k < size && steps[end].kind === 'packet') end++;
    reads.push(steps.slice(k, end));
    k = end;
  }
  return reads;
}

const scratch = new Packet();

/** Behind a packet nothing is silent for so long, market ms (`engineOf` has 3 s). */
const JUST_SILENT_MS = 2900;

/** Which instrument a packet is of. */
function tokenIndex(bytes: Uint8Array): number {
  decode(bytes, scratch);
  return INSTRUMENTS.findIndex(
    ({ token, exchangeType }) => token === scratch.tokenText() && exchangeType === scratch.exchangeType,
  );
}

/** Plays reads through an intake. Returns all that can be seen of it, and how many frames the lane took. */
function play(
  mode: NaiveMode,
  reads: readonly (readonly Step[])[],
  lane: boolean,
): { seen: unknown; taken: number } {
  const engine = engineOf(mode, 2);
  const { router, watermark } = engine;
  const intake = new Intake({ engine, instruments: instrumentsOf(INSTRUMENTS) });
  const shards = engine.memories.map((memory) => new Shard(memory));
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
      const strange = together.findIndex((packet) => packet.connection !== connection);
      const messages = messagesOf(
        together.slice(0, strange < 0 ? together.length : strange).map(({ bytes }) => bytes),
      );
      const arrival = { connection, marketMs, monoMs };
      for (let m = 0; m < messages.count; m++) {
        if (!lane) router.fastPath.close();
        const ordinary = intake.takeOrdinary(messages, m, arrival);
        taken += ordinary;
        for (let j = m; j < m + ordinary; j++) answers.push(tokenIndex(messages.slice(j)));
        m += ordinary;
        if (m < messages.count) answers.push(intake.binary(messages.slice(m), arrival));
      }
      k += messages.count;
    }
    router.publish();
    for (const shard of shards) while (shard.step(() => 0, 256) > 0);
    const last = read[read.length - 1];
    if (last.kind === 'packet') silences.push(watermark.isSilent(last.marketMs + JUST_SILENT_MS));
  }
  intake.end();
  router.publish();
  for (const shard of shards) while (shard.step(() => 0, 256) > 0);
  const { timeMs, lastFrameMs, sealed, seenUntilMs, silenceResetAtMs, ordinaryLeadMs, dueAtMs } = watermark;
  return {
    seen: {
      answers,
      silences,
      outcome: outcome(engine),
      counters: [...engine.counters],
      lag: intake.lag.figures(),
      watermark: { timeMs, lastFrameMs, sealed, seenUntilMs, silenceResetAtMs, ordinaryLeadMs, dueAtMs },
    },
    taken,
  };
}

function expectSame(mode: NaiveMode, reads: readonly (readonly Step[])[]): number {
  const quick = play(mode, reads, true);
  expect(quick.seen).toEqual(play(mode, reads, false).seen);
  return quick.taken;
}

const stepsOf = (
  mode: NaiveMode,
  meanMs: number,
  oddEvery: number,
  count = 4000,
  sequenceStep = 1n,
): Step[] =>
  unfold(seededHappenings(seededRandom(seed, meanMs), count, meanMs, oddEvery), {
    mode,
    startMs: at('15:03'),
    speed: 1,
    instruments: INSTRUMENTS,
    sequenceStep,
  });

describe('the quick lane', () => {
  it.each([
    [5, 40, 10_000],
    [60, 1000, 20],
    [300, 40, 30],
    [3000, 200, 8],
  ])(
    `changes nothing, with packets %i ms apart and reads of up to %i (one in %i odd, seed ${seed})`,
    (meanMs, most, oddEvery) => {
      for (const mode of [1, 2] as const) {
        const steps = stepsOf(mode, meanMs, oddEvery);
        const taken = expectSame(mode, inReads(steps, most));
        // One that is carried into the high word is not ordinary.
        expectSame(mode, inReads(stepsOf(mode, meanMs, oddEvery, 1000, 2n ** 31n + 1n), most));
        if (mode === 2) expect(taken).toBe(0);
        else expect(taken).toBeGreaterThan(oddEvery < 20 ? 100 : 1000);
      }
    },
  );

  it(`takes no frame for another than the decoder does, whatever a byte is changed into (seed ${seed})`, () => {
    const reads = inReads(stepsOf(1, 20, 10_000).slice(0, 120), 30);
    const change = fc.record({
      read: fc.nat(),
      step: fc.nat(),
      byte: fc.nat(50),
      value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 0x30, 0x31, 0x7f, 0x80, 0xff)),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20, size: 'max' }), (changes) => {
        const changed = reads.map((read) => [...read]);
        for (const { read, step, byte, value } of changes) {
          const steps = changed[read % changed.length];
          const one = steps[step % steps.length];
          if (one.kind !== 'packet') continue;
          const bytes = one.packet.bytes.slice();
          bytes[byte % bytes.length] = value;
          steps[step % steps.length] = { ...one, packet: { ...one.packet, bytes } };
        }
        expectSame(1, changed);
      }),
      { seed, numRuns: 300 },
    );
  });

  it('takes no frame of no mode and no exchange for one that was not heard of, nor for an empty place', () => {
    const [subscribed, ...rest] = stepsOf(1, 20, 10_000).filter(({ kind }) => kind !== 'tick');
    // Every third frame begins with two zeros, those of one instrument all do, and some have no token.
    const zeroed = rest.map((step, k): Step => {
      if (step.kind !== 'packet') return step;
      const bytes = step.packet.bytes.slice();
      if (k % 3 === 0 || tokenIndex(bytes) === 1) bytes.fill(0, 0, k % 9 === 0 ? 27 : 2);
      return { ...step, packet: { ...step.packet, bytes } };
    });
    expect(expectSame(1, [[subscribed], ...inReads(zeroed, 40)])).toBeGreaterThan(500);
  });

  it('counts lags beyond those that it tells apart as the long way does, when the clock leaps', () => {
    const steps = stepsOf(1, 60, 10_000);
    for (const leapMs of [-3_600_000, -700_000, 700_000, 3_600_000]) {
      const leapt = inReads(steps, 100).map((read, k, all) =>
        k < all.length / 2
          ? read
          : read.map((step) => ('marketMs' in step ? { ...step, marketMs: step.marketMs + leapMs } : step)),
      );
      expectSame(1, leapt);
    }
  });

  it('takes what arrives one by one, and nothing while a gap is open or of another connection', () => {
    const [subscribed, ...rest] = stepsOf(1, 5, 10_000).filter(({ kind }) => kind !== 'tick');
    const alone = rest.map((step) => [step]);
    expect(expectSame(1, [[subscribed], ...alone])).toBeGreaterThan(2500);
    // Every second read comes of a connection that nobody subscribed on.
    const strange = inReads(rest, 50).map((read, k) =>
      read.map((step) =>
        step.kind === 'packet' && k % 2 === 1 ? { ...step, packet: { ...step.packet, connection: 7 } } : step,
      ),
    );
    expectSame(1, [[subscribed], ...strange]);
  });

  it('shuts when it has taken as much as it can note, and goes on', () => {
    const [subscribed, ...rest] = stepsOf(1, 1, 10_000, 8000).filter(({ kind }) => kind !== 'tick');
    // Some tokens are too long for the lane.
    expect(expectSame(1, [[subscribed], rest.slice(0, 200), rest.slice(200, 3800)])).toBeGreaterThan(2100);
  });
});
