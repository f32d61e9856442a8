/**
 * A run told by hand: frames of one instrument or another at given times of day, in order, and what the engine made
 * of them.
 */
import { readAsSealed } from '../../src/memory/shard-reader.js';
import { readCandles } from '../../src/candles/read-candles.js';
import type { CandleWithQuality } from '../../src/candles/candle.js';
import type { EngineOptions, Engine } from '../../src/ingest/engine.js';
import type { NaiveInstrument, NaiveMode } from '../naive.js';
import { at, drain, engineOf, INSTRUMENTS, tell } from './drive.js';
import { frame, type Fields } from './schedule.js';

export interface ScriptOptions {
  readonly mode?: NaiveMode;
  readonly instruments?: readonly NaiveInstrument[];
  /** Ms that the injected clock is ahead of the exchange. */
  readonly skewMs?: number;
  readonly engine?: Partial<EngineOptions>;
}

export class Script {
  readonly engine: Engine;
  readonly #mode: NaiveMode;
  readonly #instruments: readonly NaiveInstrument[];
  readonly #skewMs: number;
  #connection = 0;
  #subscribedAt = 0;
  #sequence = 1n;
  #lastMs = 0;

  constructor(options: ScriptOptions = {}) {
    this.#mode = options.mode ?? 1;
    this.#instruments = options.instruments ?? INSTRUMENTS;
    this.#skewMs = options.skewMs ?? 0;
    this.engine = engineOf(this.#mode, 2, this.#instruments, options.engine);
  }

  /** Subscribes on a new connection at `nowMs`, exchange time. */
  subscribe(nowMs: number): this {
    this.#connection++;
    this.#subscribedAt = nowMs;
    tell(this.engine, {
      kind: 'subscribed',
      connection: this.#connection,
      marketMs: nowMs + this.#skewMs,
      monoMs: nowMs,
    });
    return this;
  }

  disconnect(): this {
    tell(this.engine, { kind: 'disconnected' });
    return this;
  }

  /**
   * A frame of `symbol` arrives at `nowMs`, which is `realMs` after subscribing; its stamp is that second, or as
   * `change` says. `price` in wire units, `volume` cumulative.
   */
  frame(
    symbol: string,
    nowMs: number,
    price: number,
    change: Partial<Fields> = {},
    realMs = nowMs - this.#subscribedAt,
  ): this {
    const { exchangeType, token } = this.#instruments.find((one) => one.symbol === symbol)!;
    const second = Math.floor(nowMs / 1000);
    this.#lastMs = nowMs;
    this.#sequence += 1n;
    const stamp = { exchangeMs: BigInt(second * 1000), lastTradeSeconds: BigInt(second) };
    const fields = {
      mode: this.#mode,
      exchangeType,
      token,
      sequence: this.#sequence,
      price: BigInt(price),
      volume: 0n,
      ...stamp,
      ...change,
    };
    const since = nowMs - this.#subscribedAt;
    tell(this.engine, {
      kind: 'packet',
      packet: {
        bytes: frame(fields),
        connection: this.#connection,
        marketMsSinceSubscribe: since,
        realMsSinceSubscribe: realMs,
      },
      marketMs: nowMs + this.#skewMs,
      monoMs: this.#subscribedAt + realMs,
    });
    return this;
  }

  /**
   * The rest of the market ticks on until `untilMs`: a frame every ten seconds, so that the feed is never silent for
   * longer than feeds are.
   */
  hum(untilMs: number): this {
    for (let ms = this.#lastMs + 10_000; ms < untilMs; ms += 10_000) this.frame('USDINR', ms, 1);
    return this;
  }

  tick(nowMs: number): this {
    tell(this.engine, { kind: 'tick', marketMs: nowMs + this.#skewMs });
    return this;
  }

  /** Candles of a symbol now, by label `HH:mm`; open ones only when asked for. */
  candles(symbol: string, includeOpen = false): ReadonlyMap<string, CandleWithQuality> {
    drain(this.engine);
    const place = this.engine.places.find((one) => one.instrument.symbol === symbol)!;
    const list = readCandles(this.engine.memories[place.shard], place, includeOpen);
    return new Map(
      list.map((one) => [new Date(one.candle.timestampMs + 19_800_000).toISOString().slice(11, 16), one]),
    );
  }

  /** The candle of a minute as it was first sealed. */
  first(symbol: string, time: string): ReturnType<typeof readAsSealed> {
    drain(this.engine);
    const place = this.engine.places.find((one) => one.instrument.symbol === symbol)!;
    return readAsSealed(this.engine.memories[place.shard], place.row, (at(time) - at('09:15')) / 60_000);
  }

  end(): this {
    this.engine.router.end();
    this.engine.router.publish();
    drain(this.engine);
    return this;
  }
}
