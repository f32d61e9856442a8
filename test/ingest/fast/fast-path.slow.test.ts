/**
 * The fast path of the main thread (`src/ingest/fast/fast-path.ts`): the same of everything with it and without
 * it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/random.js';
import type { NaiveMode } from '../../naive.js';
import { at, INSTRUMENTS } from '../../shard/drive.js';
import { seededHappenings, unfold, type Step } from '../../shard/schedule.js';
import { holds, seedsOf } from '../../volume.js';
import { tokenIndex } from '../../shard/sockets.js';
import { expectSame, inReads } from './both-ways.js';

describe.each(seedsOf(20261126))('the fast path (seed %i)', (seed) => {
  const stepsOf = (
    mode: NaiveMode,
    meanMs: number,
    oddEvery: number,
    count = 4000,
    carries = false,
    running = true,
  ): Step[] =>
    unfold(seededHappenings(seededRandom(seed, meanMs), count, meanMs, oddEvery), {
      mode,
      startMs: at('15:03'),
      speed: 1,
      instruments: INSTRUMENTS,
      carries,
      running,
    });

  it.each([
    [5, 40, 10_000],
    [60, 1000, 20],
    [300, 40, 30],
    [3000, 200, 8],
  ])(
    'changes nothing, with packets %i ms apart and reads of up to %i (one in %i odd)',
    (meanMs, most, oddEvery) => {
      for (const mode of [1, 2, 3] as const) {
        const steps = stepsOf(mode, meanMs, oddEvery);
        const taken = expectSame(mode, inReads(steps, most, seed));
        expectSame(mode, inReads(stepsOf(mode, meanMs, oddEvery, 1000, false, false), most, seed));
        // One that is carried into the high word is not ordinary.
        expectSame(mode, inReads(stepsOf(mode, meanMs, oddEvery, 1000, true), most, seed));
        expect(taken, `mode ${mode}`).toBeGreaterThan(oddEvery < 20 ? 100 : 1000);
      }
    },
  );

  it.each([
    [1, 51],
    [2, 123],
    [3, 379],
  ] as const)(
    'takes no frame for another than the decoder does, whatever a byte is changed into (mode %i)',
    async (mode, length) => {
      const reads = inReads(stepsOf(mode, 20, 10_000).slice(0, 120), 30, seed);
      const change = fc.record({
        read: fc.nat(),
        step: fc.nat(),
        // The fields that a record has are few: most changes are to them.
        byte: fc.oneof(
          fc.nat(length - 1),
          fc.nat(Math.min(length, 131) - 1),
          fc.constantFrom(...[347, 350, 351, 354, 355, 358, 359, 362].filter((at) => at < length), 0),
        ),
        value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 0x30, 0x31, 0x7f, 0x80, 0xff)),
      });
      await holds(
        'frames with changed bytes',
        seed,
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
          expectSame(mode, changed);
        }),
      );
    },
  );

  it('takes no frame of no mode and no exchange for one without a packet so far, nor for an empty place', () => {
    const [subscribed, ...rest] = stepsOf(1, 20, 10_000).filter(({ kind }) => kind !== 'tick');
    // Every third frame begins with two zeros, those of one instrument all do, and some have no token.
    const zeroed = rest.map((step, k): Step => {
      if (step.kind !== 'packet') return step;
      const bytes = step.packet.bytes.slice();
      if (k % 3 === 0 || tokenIndex(bytes) === 1) bytes.fill(0, 0, k % 9 === 0 ? 27 : 2);
      return { ...step, packet: { ...step.packet, bytes } };
    });
    expect(expectSame(1, [[subscribed], ...inReads(zeroed, 40, seed)])).toBeGreaterThan(200);
  });

  it('counts lags outside the histogram as the ordinary path does, when the clock leaps', () => {
    const steps = stepsOf(1, 60, 10_000);
    for (const leapMs of [-3_600_000, -700_000, 700_000, 3_600_000]) {
      const leapt = inReads(steps, 100, seed).map((read, k, all) =>
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
    expect(expectSame(1, [[subscribed], ...alone])).toBeGreaterThan(1500);
    // Every second read comes of a connection without a subscription.
    const others = inReads(rest, 50, seed).map((read, k) =>
      read.map((step) =>
        step.kind === 'packet' && k % 2 === 1 ? { ...step, packet: { ...step.packet, connection: 7 } } : step,
      ),
    );
    expectSame(1, [[subscribed], ...others]);
  });

  it('stops when its uncounted frames are full, and continues', () => {
    const [subscribed, ...rest] = stepsOf(1, 1, 10_000, 8000).filter(({ kind }) => kind !== 'tick');
    // Those of one exchange.
    expect(expectSame(1, [[subscribed], rest.slice(0, 200), rest.slice(200, 3800)])).toBeGreaterThan(1400);
  });
});
