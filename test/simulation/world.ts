/**
 * One run: one thread, virtual time, the real machine, intake, line, shards and merge, and everything else made up from
 * a seed. The same seed gives the same run, event by event.
 */
import { createHash } from 'node:crypto';
import { ANGEL } from '../../src/broker/angel/angel.js';
import { inContinuous } from '../../src/market/session.js';
import { seededRandom } from '../../src/random.js';
import type { Engine } from '../../src/ingest/engine.js';
import { wireEngine, type WiredEngine } from '../../src/ingest/wire-engine.js';
import type { Shard } from '../../src/shard/shard.js';
import { Pipeline } from '../../src/ingest/pipeline.js';
import { messagesOf } from '../messages.js';
import { at, instrumentsOf, MODE_NAMES, sessionOf } from '../listed.js';
import { Agenda } from './agenda.js';
import { Broker } from './broker.js';
import { examine } from './examine.js';
import { Exchange } from './exchange.js';
import { Feed } from './feed.js';
import { natureOf, type Nature } from './profile.js';
import { Recorder } from './recorder.js';
import { schedule } from './trouble.js';
import { clockOf, must, Violation, type Invariant } from './violation.js';
import { Workers } from './workers.js';
import { Writer } from './writer.js';

/**
 * Real ms between two looks of the writer, as in a run; and between two turns of the shards when nothing wakes them.
 */
const LOOK_MS = 200;
const SHARD_MS = 50;
/** A frame may run ahead of what elapsed by a minute on its own word, and drifts by seconds. */
const MAX_AHEAD_MS = 68_000;

/** Silence in session that is longer is known for what it is: 15 s, and a second for stamps that are whole seconds. */
export const KNOWN_SILENCE_MS = 16_500;

/** What a run leaves. */
export interface Outcome {
  readonly seed: number;
  /** Of all that was taken in, in order, and of what came of it. */
  readonly hash: string;
  readonly violation: { readonly invariant: Invariant; readonly what: string } | undefined;
  readonly figures: {
    readonly frames: number;
    readonly candles: number;
    readonly connections: number;
    readonly shardDeaths: number;
    readonly writerDeaths: number;
    readonly pauses: number;
    readonly lost: number;
    readonly late: number;
    readonly held: number;
  };
}

/** An engine for a run of this profile, with its intake; any number of shards. */
export function wiredOf(nature: Nature, shards: number, slots: number): WiredEngine {
  return wireEngine({
    codec: ANGEL.codec,
    instruments: instrumentsOf(nature.instruments),
    sessionOf,
    mode: MODE_NAMES[nature.mode],
    shards,
    graceMs: nature.graceMs,
    silenceMs: Math.max(nature.graceMs, 2000),
    marketDateMs: at('11:00'),
    slots,
  });
}

/**
 * Runs a seed. `make`: the shard class that can be killed; `say` gets the run's story. Never throws: any fault is a
 * violation.
 */
export async function simulate(
  seed: number,
  make: typeof Shard,
  say: (line: string) => void = () => undefined,
): Promise<Outcome> {
  const nature = natureOf(seed);
  say(JSON.stringify(nature));
  const world = new World(nature, make, say);
  let violation: Outcome['violation'];
  try {
    await world.run();
  } catch (error) {
    if (error instanceof Violation) violation = { invariant: error.invariant, what: error.message };
    else
      violation = {
        invariant: 'throws',
        what: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
  }
  return { seed, hash: world.hash(), violation, figures: world.figures() };
}

class World {
  readonly #nature: Nature;
  readonly #agenda: Agenda;
  readonly #exchange: Exchange;
  readonly #broker: Broker;
  readonly #feed: Feed;
  readonly #engine: Engine;
  readonly #recorder: Recorder;
  readonly #line: Pipeline;
  readonly #workers: Workers;
  readonly #writer: Writer;
  readonly #endMs: number;
  /** True times at which a connection was subscribed or ended, epoch ms. */
  readonly #breaks: number[] = [];
  #over = false;
  #looking = false;
  #connections = 0;

  constructor(nature: Nature, make: typeof Shard, say: (line: string) => void) {
    const random = (stream: number): (() => number) => seededRandom(nature.seed, stream);
    this.#nature = nature;
    this.#endMs = nature.durationMs;
    const agenda = new Agenda(nature.startMs + nature.clockAheadMs);
    this.#agenda = agenda;
    const told = (what: string): void => say(`${clockOf(this.#exchange.trueAt(agenda.monoMs()))} ${what}`);
    this.#exchange = new Exchange(nature, random(2));
    this.#broker = new Broker(agenda, nature, this.#exchange, random(3));
    this.#engine = wiredOf(nature, nature.shards, nature.slots).engine;
    const instruments = instrumentsOf(nature.instruments);
    this.#recorder = new Recorder({ engine: this.#engine }, told);
    this.#workers = new Workers({ engine: this.#engine, agenda, random: random(4), make });
    this.#writer = new Writer({
      engine: this.#engine,
      agenda,
      random: random(5),
      startMs: nature.startMs + nature.exchangeAheadMs,
    });
    this.#line = new Pipeline({
      engine: this.#engine,
      intake: this.#recorder,
      clock: agenda,
      journal: undefined,
      socket: { pause: () => this.#feed.pause(), resume: () => this.#feed.resume() },
      redact: () => undefined,
    });
    const sessions = instruments.map(sessionOf);
    const luck = random(9);
    const stall = (realMs: number): void => {
      told(`a stall of ${Math.round(realMs)} ms`);
      agenda.stall(realMs);
      this.#feed.stalledMs += realMs;
    };
    this.#feed = new Feed({
      agenda,
      broker: this.#broker,
      nature,
      random: random(6),
      handlers: {
        opened: (connection) => {
          this.#line.opened(connection);
          this.#connections++;
          this.#begin();
        },
        subscribed: (connection) => {
          told(`connection ${connection} subscribed`);
          this.#line.subscribed(connection);
          this.#breaks.push(this.#exchange.trueAt(agenda.monoMs()));
          // Subscribing may stall the thread.
          if (nature.troubles.includes('stall') && luck() < 0.4)
            agenda.after(luck() * 400, () => stall(luck() * 6000));
        },
        binary: (bytes, connection, told) => {
          this.#line.binary(messagesOf([bytes]), connection);
          if (told !== undefined) told.heard = true;
          this.#checkMarketTime();
        },
        text: (text, connection) => this.#line.text(text, connection),
        closed: (end) => {
          told(`connection ${end.connection} ended: ${end.cause}`);
          this.#breaks.push(this.#exchange.trueAt(agenda.monoMs()));
          this.#line.disconnected(end);
          // A writer that did not write the minute corrects it.
          if (nature.troubles.includes('writerDies') && luck() < 0.5) this.#writer.die();
        },
        failed: () => void (this.#over = true),
        inSession: () =>
          sessions.some((session) =>
            inContinuous(session, this.#engine.watermark.timeMs ?? agenda.marketMs()),
          ),
      },
    });
    schedule({
      say: told,
      agenda,
      nature,
      random: random(7),
      exchange: this.#exchange,
      broker: this.#broker,
      feed: this.#feed,
      workers: this.#workers,
      writer: this.#writer,
      onStall: stall,
    });
  }

  /** With the first open begins the looking at market time and at what is to be written. */
  #begin(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#line.start();
    this.#agenda.every(LOOK_MS, () => this.#writer.poll());
  }

  async run(): Promise<void> {
    const agenda = this.#agenda;
    this.#broker.start();
    this.#feed.start();
    agenda.every(SHARD_MS, () => this.#workers.turn());
    while (!this.#over) {
      const event = agenda.next(this.#endMs);
      if (event === undefined) break;
      await event.fire(event.dueMs);
    }
    this.#excuseLastSilence();
    this.#feed.stop();
    await this.#line.end();
    this.#workers.drain();
    must(
      'conservation',
      this.#engine.router.isDrained && this.#engine.router.ended,
      () => 'not everything was applied in the end',
    );
    await this.#writer.finish();
    this.#feed.conclude();
    examine({
      nature: this.#nature,
      engine: this.#engine,
      recorder: this.#recorder,
      told: this.#exchange.told,
      breaks: this.#breaks,
    });
  }

  /**
   * A feed that fell silent less than a quarter of a minute before the end counts as quiet: the silence proves nothing.
   */
  #excuseLastSilence(): void {
    const nowMs = this.#agenda.monoMs();
    const silentMs = nowMs - this.#feed.lastHeardMs;
    if (!this.#feed.isOpen || silentMs > KNOWN_SILENCE_MS) return;
    for (const told of this.#exchange.told)
      if (!told.heard && told.trueMs >= this.#exchange.trueAt(nowMs - silentMs) - 1000) told.excused = true;
  }

  #checkMarketTime(): void {
    if (!this.#nature.truthful) return;
    const { timeMs: marketTime } = this.#engine.watermark;
    const nowMs = this.#agenda.monoMs();
    const honest = Math.max(this.#exchange.stampAt(nowMs), this.#agenda.marketMs());
    must(
      'marketTime',
      marketTime === undefined || marketTime <= honest + MAX_AHEAD_MS,
      () => `market time is ${marketTime! - honest} ms ahead of what any clock says`,
    );
  }

  hash(): string {
    const hash = createHash('sha256');
    for (const call of this.#recorder.calls) {
      hash.update(call.kind);
      if ('bytes' in call) hash.update(call.bytes);
      if ('arrival' in call) hash.update(JSON.stringify(call.arrival));
      if ('marketMs' in call) hash.update(String(call.marketMs));
    }
    hash.update(JSON.stringify([this.figures(), [...this.#writer.disk.files], [...this.#engine.counters]]));
    return hash.digest('hex').slice(0, 16);
  }

  figures(): Outcome['figures'] {
    const { counters } = this.#engine;
    const stored = [...this.#writer.disk.files.values()].flat();
    return {
      frames: counters[0],
      candles: stored.length,
      connections: this.#connections,
      shardDeaths: this.#workers.deaths,
      writerDeaths: this.#writer.deaths,
      pauses: counters[16],
      lost: this.#exchange.told.filter(({ heard }) => !heard).length,
      late: stored.reduce((sum, { quality }) => sum + (quality?.late ?? 0), 0),
      held: counters[19],
    };
  }
}
