/**
 * What is checked when a run is over: against the naive fold, against replays of what was taken in, and against what
 * the world knows.
 */
import { readAsSealed, readRow } from '../../src/memory/shard-reader.js';
import { readCandles } from '../../src/candles/read-candles.js';
import { COUNTER } from '../../src/memory/counters.js';
import type { Engine } from '../../src/ingest/engine.js';
import { Shard } from '../../src/shard/shard.js';
import { seededRandom, type Random } from '../../src/random.js';
import { messagesOf } from '../messages.js';
import { asNaive, DATE, sessionOf } from '../listed.js';
import { naiveFold, type NaiveResult } from '../naive.js';
import type { Told } from './exchange.js';
import { pick, type Nature } from './profile.js';
import type { Call, Recorder } from './recorder.js';
import { clockOf, must, type Invariant } from './violation.js';
import { KNOWN_SILENCE_MS, wiredOf } from './world.js';

const MINUTE_MS = 60_000;
/** Of every session here. */
const TAIL_MS = 2000;

/** All that a run leaves, by symbol. */
function outcome(engine: Engine): Map<string, string> {
  return new Map(
    engine.places.map((place) => {
      const memory = engine.memories[place.shard];
      const first = Array.from({ length: memory.shape.bars }, (_, bar) =>
        readAsSealed(memory, place.row, bar),
      );
      return [
        place.instrument.symbol,
        JSON.stringify([
          readCandles(memory, place, true),
          readCandles(memory, place, false).length,
          readRow(memory, place.row),
          first,
        ]),
      ];
    }),
  );
}

function mustEqual(invariant: Invariant, symbol: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  must(invariant, a === b, () => {
    let at = 0;
    while (a[at] === b[at]) at++;
    return `${symbol}: ${a.slice(Math.max(0, at - 150), at + 100)} where ${b.slice(Math.max(0, at - 150), at + 100)} was expected`;
  });
}

/** Makes the same calls again, with shards that work at other moments. */
function replay(nature: Nature, calls: readonly Call[], shards: number, random: Random): Engine {
  const { engine, intake } = wiredOf(nature, shards, 4096);
  const workers = engine.memories.map((memory) => new Shard(memory));
  const idle = (): number => 0;
  const lazy = pick(random, [0.02, 0.3, 1]);
  for (const call of calls) {
    if (call.kind === 'binary') intake.batch(messagesOf([call.bytes]), call.arrival);
    else if (call.kind === 'subscribed') intake.subscribed(call.arrival);
    else if (call.kind === 'disconnected') intake.disconnected();
    else if (call.kind === 'tick') intake.advanceTo(call.marketMs);
    else intake.resetSilence(call.marketMs);
    const pressed = engine.router.aboveHighWater;
    if (!pressed && random() >= lazy) continue;
    engine.router.publish();
    for (const worker of workers)
      if (pressed || random() < 0.5) worker.step(idle, pressed ? 4096 : pick(random, [1, 7, 256]));
  }
  intake.end();
  engine.router.publish();
  for (const worker of workers) while (worker.step(idle, 256) > 0);
  return engine;
}

/** What there is to examine. */
export interface Evidence {
  readonly nature: Nature;
  readonly engine: Engine;
  readonly recorder: Recorder;
  readonly told: readonly Told[];
  /** True times at which a connection was subscribed or ended, epoch ms. */
  readonly breaks: readonly number[];
}

export function examine({ nature, engine, recorder, told, breaks }: Evidence): void {
  const own = outcome(engine);
  const random = seededRandom(nature.seed, 8);
  const same = (invariant: Invariant, shards: number): void => {
    const other = outcome(replay(nature, recorder.calls, shards, random));
    for (const [symbol, text] of own)
      mustEqual(invariant, `${symbol} with ${nature.shards} and ${shards} shards`, text, other.get(symbol));
  };
  // What the run left with its deaths and sleeps, and what the same calls leave without.
  same('killed', nature.shards);
  const naive = naiveFold(recorder.packets, {
    mode: nature.mode,
    date: DATE,
    instruments: nature.instruments,
    gaps: recorder.gaps,
  });
  conserved(engine, naive, recorder);
  equalsNaive(engine, naive);
  if (nature.truthful) {
    unseenIsPartial(nature, engine, told);
    seenIsWhole(nature, engine, naive, told, breaks);
  }
  for (const shards of [1, 2, 4, 8]) if (shards !== nature.shards) same('shards', shards);
}

/** Each term of the equations, and the naive fold's reasons. */
function conserved({ counters: c, memories, places }: Engine, naive: NaiveResult, recorder: Recorder): void {
  const refused = c[COUNTER.refusedLength] + c[COUNTER.refusedMode];
  const unadmitted =
    c[COUNTER.unadmittedExchange] +
    c[COUNTER.unadmittedToken] +
    c[COUNTER.unadmittedMode] +
    c[COUNTER.unadmittedPrice] +
    c[COUNTER.unadmittedTime] +
    c[COUNTER.unadmittedSequence];
  const rows = places.map((place) => readRow(memories[place.shard], place.row));
  const applied = rows.reduce(
    (sum, row) => sum + row.ticks + row.snapshots + row.noTrade + row.duplicates + row.outOfSession,
    0,
  );
  must(
    'conservation',
    c[COUNTER.binary] === refused + c[COUNTER.decoded],
    () => `${c[COUNTER.binary]} binary, ${refused} refused, ${c[COUNTER.decoded]} decoded`,
  );
  must(
    'conservation',
    c[COUNTER.decoded] === unadmitted + c[COUNTER.routed],
    () => `${c[COUNTER.decoded]} decoded, ${unadmitted} unadmitted, ${c[COUNTER.routed]} routed`,
  );
  must(
    'conservation',
    c[COUNTER.routed] === applied && c[COUNTER.poison] === 0,
    () => `${c[COUNTER.routed]} routed, ${applied} applied, ${c[COUNTER.poison]} poison`,
  );
  mustEqual(
    'naive',
    'refusals',
    { length: c[COUNTER.refusedLength], mode: c[COUNTER.refusedMode] },
    naive.refused,
  );
  const { exchange, token, mode, price, time, sequence } = naive.unadmitted;
  const ours = [
    c[COUNTER.unadmittedExchange],
    c[COUNTER.unadmittedToken],
    c[COUNTER.unadmittedMode],
    c[COUNTER.unadmittedPrice],
    c[COUNTER.unadmittedTime] - recorder.refusedAhead,
    c[COUNTER.unadmittedSequence],
  ];
  mustEqual('naive', 'unadmitted', ours, [exchange, token, mode, price, time, sequence]);
}

function equalsNaive(engine: Engine, naive: NaiveResult): void {
  for (const place of engine.places) {
    const { symbol } = place.instrument;
    const memory = engine.memories[place.shard];
    const sealed = new Set(readCandles(memory, place, false).map(({ candle }) => candle.timestampMs));
    const found = readCandles(memory, place, true).map((candle) => ({
      ...asNaive(candle),
      gapMs: candle.quality.gapMs,
      partial: candle.quality.partial,
    }));
    const expected = naive.candles.get(symbol)!.map(({ seeded, gapMs, ...candle }) => ({
      ...candle,
      gapMs: Math.round(gapMs),
      partial: seeded || gapMs > 0 || !sealed.has(candle.minuteMs),
    }));
    mustEqual('naive', symbol, found, expected);
    const row = readRow(memory, place.row);
    const { tick, seed, noTrade, duplicate, outOfSession, reseeds, strays } = naive.counts.get(symbol)!;
    mustEqual(
      'naive',
      `${symbol}'s counts`,
      [
        row.ticks,
        row.snapshots,
        row.noTrade,
        row.duplicates,
        row.outOfSession,
        row.volumeResets,
        row.volumeStrays,
      ],
      [tick, seed, noTrade, duplicate, outOfSession, reseeds, strays],
    );
  }
}

/** The minute that a packet tells a trade of: after continuous trading, where its stamp picks it, the last one. */
function minuteTold(nature: Nature, engine: Engine, { instrument, timeMs }: Told): number {
  const { closeMs } = sessionOf(engine.places[instrument].instrument);
  const inTail = nature.mode !== 3 && timeMs >= closeMs && timeMs < closeMs + TAIL_MS;
  return inTail ? closeMs - MINUTE_MS : Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
}

/** Each minute of which a trade was told that we did not hear. */
function unseenIsPartial(nature: Nature, engine: Engine, told: readonly Told[]): void {
  const lost = new Map<string, Told>();
  const sessions = engine.places.map(({ instrument }) => sessionOf(instrument));
  // A silence counts by what of it lies in the session: one that only reaches into it may be too short to be known.
  const opened = Math.min(...sessions.map(({ openMs }) => openMs)) + KNOWN_SILENCE_MS;
  const closed = Math.max(...sessions.map(({ closeMs }) => closeMs)) - KNOWN_SILENCE_MS;
  const isKnown = ({ timeMs, muted }: Told): boolean => !muted || (timeMs >= opened && timeMs < closed);
  for (const one of told)
    if (!one.heard && !one.excused && isKnown(one))
      lost.set(`${one.instrument} ${minuteTold(nature, engine, one)}`, one);
  for (const place of engine.places) {
    for (const { candle, quality } of readCandles(engine.memories[place.shard], place, true)) {
      const one = lost.get(`${place.instrument.index} ${candle.timestampMs}`);
      must(
        'partial',
        one === undefined || quality.source === 'auction' || (quality.partial && quality.gapMs > 0),
        () =>
          `${place.instrument.symbol} ${clockOf(candle.timestampMs)} is called whole (gap ${quality.gapMs} ms) and a trade of ${clockOf(one!.timeMs)} was not seen`,
      );
    }
  }
}

/**
 * How far from a minute a connection may have begun or ended without touching it: a gap begins with the last frame, and
 * rather ends too late.
 */
const GAP_REACH_MS = { before: 6000, after: 20_000 } as const;
/** Trades a second, of all instruments, from which on the feed is never silent by chance. */
const LIVELY = 3;

/** Each sealed minute of which nothing was missed, nor around it: partial only by a first packet's falling into it. */
function seenIsWhole(
  nature: Nature,
  engine: Engine,
  naive: NaiveResult,
  told: readonly Told[],
  breaks: readonly number[],
): void {
  if (nature.rates.reduce((a, b) => a + b) < LIVELY) return;
  const troubled = [
    ...breaks.map((ms) => ms + nature.exchangeAheadMs),
    ...told.filter(({ heard }) => !heard).map(({ trueMs }) => trueMs + nature.exchangeAheadMs),
  ];
  // A trade of before the run can be told in it, too.
  const beganMs = Math.min(...breaks) + nature.exchangeAheadMs;
  const calm = (minuteMs: number): boolean =>
    minuteMs > beganMs &&
    !troubled.some(
      (ms) => ms > minuteMs - GAP_REACH_MS.before && ms < minuteMs + MINUTE_MS + GAP_REACH_MS.after,
    );
  for (const place of engine.places) {
    const { symbol } = place.instrument;
    const seeded = new Set(
      naive.candles.get(symbol)!.flatMap((candle) => (candle.seeded ? [candle.minuteMs] : [])),
    );
    for (const { candle, quality } of readCandles(engine.memories[place.shard], place, false)) {
      if (quality.source === 'auction' || seeded.has(candle.timestampMs) || !calm(candle.timestampMs))
        continue;
      must(
        'partial',
        !quality.partial,
        () =>
          `${symbol} ${clockOf(candle.timestampMs)} is called partial (gap ${quality.gapMs} ms) and all of it was seen`,
      );
    }
  }
}
