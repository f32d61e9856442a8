/** Plays schedules into an engine the way a stage does, and reads what came of them. */
import { expect } from 'vitest';
import { ANGEL } from '../../src/broker/angel/angel.js';
import type { Instrument } from '../../src/market/instrument.js';
import { Packet } from '../../src/market/packet.js';
import type { TradingSession } from '../../src/market/session.js';
import type { CandleWithQuality } from '../../src/candles/candle.js';
import { readAsSealed, readRow, tallyCandles, type CandleTally } from '../../src/memory/shard-reader.js';
import { readCandles } from '../../src/candles/read-candles.js';
import { COUNTER } from '../../src/memory/counters.js';
import { SHARD } from '../../src/memory/layout.js';
import type { Engine, EngineOptions } from '../../src/ingest/engine.js';
import { wireEngine, type WiredEngine } from '../../src/ingest/wire-engine.js';
import { Shard } from '../../src/shard/shard.js';
import { decode } from '../../src/broker/angel/frames.js';
import {
  asNaive,
  at,
  DATE,
  INSTRUMENTS,
  instrumentsOf,
  MODE_NAMES,
  sessionOf as usualSession,
} from '../listed.js';
import { naiveFold, type NaiveInstrument, type NaiveMode, type NaiveResult } from '../naive.js';
import type { Step } from './schedule.js';

export { at, INSTRUMENTS, instrumentsOf } from '../listed.js';

function sessionOf(list: readonly NaiveInstrument[], instrument: Instrument): TradingSession {
  const { hours } = list[instrument.index];
  if (hours !== undefined)
    return { date: DATE, openMs: at(hours.open), closeMs: at(hours.close), auction: undefined };
  return usualSession(instrument);
}

/** An engine of the listed instruments, with its intake. */
export function wiredOf(
  mode: NaiveMode,
  shards: number,
  list: readonly NaiveInstrument[] = INSTRUMENTS,
  more: Partial<EngineOptions> = {},
): WiredEngine {
  return wireEngine({
    codec: ANGEL.codec,
    instruments: instrumentsOf(list),
    sessionOf: (instrument) => sessionOf(list, instrument),
    mode: MODE_NAMES[mode],
    shards,
    graceMs: 3000,
    silenceMs: 3000,
    marketDateMs: at('11:00'),
    slots: 4096,
    ...more,
  });
}

/** The engine of `wiredOf`, for tests that call its router. */
export function engineOf(...options: Parameters<typeof wiredOf>): Engine {
  return wiredOf(...options).engine;
}

const scratch = new Packet();

/** Tells the router one step, counting what a stage counts. */
export function tell(engine: Engine, step: Step): void {
  const { router, counters } = engine;
  if (step.kind === 'tick') return router.advanceTo(step.marketMs);
  if (step.kind === 'disconnected') return router.disconnected();
  const { marketMs, monoMs } = step;
  if (step.kind === 'subscribed') return router.subscribed({ connection: step.connection, marketMs, monoMs });
  counters[COUNTER.binary]++;
  const refusal = decode(step.packet.bytes, scratch);
  if (refusal !== undefined) {
    counters[refusal === 'length' ? COUNTER.refusedLength : COUNTER.refusedMode]++;
    return;
  }
  counters[COUNTER.decoded]++;
  router.packet(scratch, { connection: step.packet.connection, marketMs, monoMs });
}

const stopped = (): number => 0;

/** Applies everything published, `limit` records at a time. */
export function drain(engine: Engine, limit = 256): void {
  engine.router.publish();
  for (const memory of engine.memories) {
    const shard = new Shard(memory);
    while (shard.step(stopped, limit) > 0);
  }
}

/**
 * Plays all steps without threads. `chunk` says, step by step, how many records each shard may apply before the next.
 */
export function playInline(
  engine: Engine,
  steps: readonly Step[],
  chunk: (step: number) => number = () => 64,
): void {
  const shards = engine.memories.map((memory) => new Shard(memory));
  for (const [k, step] of steps.entries()) {
    tell(engine, step);
    const limit = chunk(k);
    if (limit === 0 && !engine.router.aboveHighWater) continue;
    engine.router.publish();
    for (const shard of shards) shard.step(stopped, Math.max(limit, 1));
  }
  engine.router.end();
  engine.router.publish();
  for (const shard of shards) while (shard.step(stopped, 64) > 0);
}

/** All that a run leaves, by symbol: candles with their quality, counts, first-sealed rows. */
export function outcome(
  engine: Engine,
): Map<string, { candles: CandleWithQuality[]; row: unknown; first: unknown[] }> {
  return new Map(
    engine.places.map((place) => {
      const memory = engine.memories[place.shard];
      const first = Array.from({ length: memory.shape.bars }, (_, bar) =>
        readAsSealed(memory, place.row, bar),
      );
      return [
        place.instrument.symbol,
        { candles: readCandles(memory, place, true), row: readRow(memory, place.row), first },
      ];
    }),
  );
}

/** The naive fold of the same steps. */
export function naiveOf(
  mode: NaiveMode,
  steps: readonly Step[],
  list: readonly NaiveInstrument[] = INSTRUMENTS,
): NaiveResult {
  return naiveFold(
    steps.flatMap((step) => (step.kind === 'packet' ? [step.packet] : [])),
    { mode, date: DATE, instruments: list },
  );
}

/** The counts that candles have. */
function tallied(candles: readonly CandleWithQuality[]): CandleTally {
  const sum = (figure: (quality: CandleWithQuality['quality']) => number): number =>
    candles.reduce((total, { quality }) => total + figure(quality), 0);
  return {
    whole: sum(({ partial }) => (partial ? 0 : 1)),
    partial: sum(({ partial }) => (partial ? 1 : 0)),
    late: sum(({ late }) => late),
    revisions: sum(({ revision }) => revision),
  };
}

/** Expects candles and counts of the engine to be the naive fold's, and every packet to be accounted for. */
export function expectNaive(engine: Engine, naive: NaiveResult): void {
  const c = engine.counters;
  const sum = { tick: 0, seed: 0, noTrade: 0, duplicate: 0, outOfSession: 0 };
  for (const place of engine.places) {
    const { symbol } = place.instrument;
    const memory = engine.memories[place.shard];
    const candles = readCandles(memory, place, true).map((candle) => ({
      ...asNaive(candle),
      gapMs: undefined,
      seeded: undefined,
    }));
    for (const includeOpen of [false, true])
      expect(tallyCandles(memory, place.row, includeOpen), symbol).toEqual(
        tallied(readCandles(memory, place, includeOpen)),
      );
    expect(candles, symbol).toEqual(
      naive.candles.get(symbol)!.map((candle) => ({ ...candle, gapMs: undefined, seeded: undefined })),
    );
    const row = readRow(memory, place.row);
    const counts = {
      tick: row.ticks,
      seed: row.snapshots,
      noTrade: row.noTrade,
      duplicate: row.duplicates,
      outOfSession: row.outOfSession,
    };
    expect({ ...counts, reseeds: row.volumeResets, strays: row.volumeStrays }, symbol).toEqual(
      naive.counts.get(symbol),
    );
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += counts[key];
  }
  expect({ length: c[COUNTER.refusedLength], mode: c[COUNTER.refusedMode] }).toEqual(naive.refused);
  const unadmitted = {
    exchange: c[COUNTER.unadmittedExchange], token: c[COUNTER.unadmittedToken], mode: c[COUNTER.unadmittedMode],
    price: c[COUNTER.unadmittedPrice], time: c[COUNTER.unadmittedTime],
    sequence: c[COUNTER.unadmittedSequence],
  }; // prettier-ignore
  expect(unadmitted).toEqual(naive.unadmitted);
  const total = (counts: object): number =>
    Object.values(counts as Record<string, number>).reduce((a, b) => a + b, 0);
  expect(c[COUNTER.binary]).toBe(total(naive.refused) + c[COUNTER.decoded]);
  expect(c[COUNTER.decoded]).toBe(total(unadmitted) + c[COUNTER.routed]);
  expect(c[COUNTER.routed]).toBe(total(sum) + c[COUNTER.poison]);
  expect(engine.router.isDrained).toBe(true);
  expect(engine.memories.every((memory) => memory.i32[SHARD.ended] === 1)).toBe(true);
}
