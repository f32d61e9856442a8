/**
 * Instruments laid out over shards, and the router that writes their records. Built once for a run. Knows neither the
 * packets' source nor the candles' destination.
 */
import assert from 'node:assert';
import { shardOf, type Instrument } from '../market/instrument.js';
import { MINUTE_MS, tailMsOf, type TradingSession } from '../market/session.js';
import { MODE, type ModeName } from '../market/packet.js';
import { COUNTER, newCounters } from '../memory/counters.js';
import { ShardMemory, STATIC, type RowBars } from '../memory/layout.js';
import type { RowPlace } from '../memory/shard-reader.js';
import type { FrameCodec } from '../broker/broker.js';
import { PacketFilter } from './packet-filter.js';
import { Router } from './router.js';
import { Watermark } from './watermark.js';

/**
 * Maximum age, market ms, of a trade that a SnapQuote is the first to report: it has the last trade since the one
 * before, and one arrives at least every second.
 */
const SNAPQUOTE_MAX_TRADE_AGE_MS = 1000;

/** Records of a ring: 512 KiB a shard, 1.5 MiB with volume; over a second of the feed's highest rate. */
const RING_SLOTS = 16_384;

export interface EngineOptions {
  readonly codec: FrameCodec;
  readonly instruments: readonly Instrument[];
  readonly sessionOf: (instrument: Instrument) => TradingSession;
  readonly mode: ModeName;
  readonly shards: number;
  readonly graceMs: number;
  /** Market ms of silence after which the clock moves the watermark. */
  readonly silenceMs: number;
  /** Any instant of the market's date, epoch ms. */
  readonly marketDateMs: number;
  readonly slots?: number | undefined;
  /** Ordinary frames and ticks take the fast paths (docs/fast-paths.md); same result; default true. */
  readonly fastPaths?: boolean | undefined;
}

/** The last minute of the auction's window; -1 without one. */
function auctionBarOf({ auction }: TradingSession, openMs: number): number {
  return auction === undefined ? -1 : Math.ceil((auction.toMs - openMs) / MINUTE_MS) - 1;
}

/** A row's bars, of those that count from `openMs`. */
function rowBarsOf(session: TradingSession, openMs: number): RowBars {
  const first = (session.openMs - openMs) / MINUTE_MS;
  const minutes = (session.closeMs - session.openMs) / MINUTE_MS;
  assert(Number.isInteger(first) && Number.isInteger(minutes), 'sessions open and close on whole minutes');
  return { first, minutes, auction: auctionBarOf(session, openMs) };
}

/** By the bars that end a session: the longest tail after them, market ms. */
function tailsOf(sessions: readonly TradingSession[], openMs: number): ReadonlyMap<number, number> {
  const tails = new Map<number, number>();
  for (const session of sessions) {
    const bar = (session.closeMs - openMs) / MINUTE_MS - 1;
    tails.set(bar, Math.max(tailMsOf(session), tails.get(bar) ?? 0));
  }
  return tails;
}

export class Engine {
  readonly codec: FrameCodec;
  readonly memories: readonly ShardMemory[];
  /** By instrument index. */
  readonly places: readonly RowPlace[];
  readonly counters = newCounters();
  readonly watermark: Watermark;
  readonly router: Router;

  constructor(options: EngineOptions) {
    assert(options.instruments.length > 0, 'a run has instruments');
    const { codec, fastPaths = true } = options;
    this.codec = codec;
    const sessions = options.instruments.map(options.sessionOf);
    const openMs = Math.min(...sessions.map((s) => s.openMs));
    const minutes = Math.max(...sessions.map((s) => (s.closeMs - openMs) / MINUTE_MS));
    const bars = Math.max(minutes, ...sessions.map((session) => auctionBarOf(session, openMs) + 1));
    const rows = Array.from({ length: options.shards }, (): RowBars[] => []);
    this.places = options.instruments.map((instrument, index) => {
      const shard = shardOf(instrument, options.shards);
      return { instrument, shard, row: rows[shard].push(rowBarsOf(sessions[index], openMs)) - 1 };
    });
    this.memories = rows.map(
      (rowBars) =>
        new ShardMemory({
          rows: rowBars.length,
          bars,
          rowBars,
          slots: options.slots ?? RING_SLOTS,
          hasVolume: options.mode !== 'ltp',
          hasTradeTime: options.mode === 'snapquote',
          fastPaths,
        }),
    );
    this.places.forEach((place, index) => this.#writeSession(place, sessions[index], openMs));
    this.watermark = new Watermark({
      openMs,
      minutes,
      bars,
      tails: tailsOf(sessions, openMs),
      graceMs: options.graceMs,
      silenceMs: options.silenceMs,
      maxTradeAgeMs: options.mode === 'snapquote' ? SNAPQUOTE_MAX_TRADE_AGE_MS : 0,
    });
    const filter = new PacketFilter({
      instruments: options.instruments,
      mode: MODE[options.mode],
      marketDateMs: options.marketDateMs,
    });
    this.router = new Router({
      memories: this.memories,
      places: this.places,
      filter,
      watermark: this.watermark,
      counters: this.counters,
      codec,
      fastPaths,
    });
    this.router.openInitialGap(0);
  }

  /** Writes a row's session; `originMs`: start of bar 0. */
  #writeSession({ shard, row }: RowPlace, session: TradingSession, originMs: number): void {
    const memory = this.memories[shard];
    const at = memory.staticOf(row);
    memory.f64[at + STATIC.originMs] = originMs;
    memory.f64[at + STATIC.openMs] = session.openMs;
    memory.f64[at + STATIC.closeMs] = session.closeMs;
    memory.f64[at + STATIC.tailEndMs] = session.closeMs + tailMsOf(session);
    memory.f64[at + STATIC.auctionFromMs] = session.auction?.fromMs ?? 0;
    memory.f64[at + STATIC.auctionToMs] = session.auction?.toMs ?? 0;
    memory.f64[at + STATIC.auctionLabelMs] = session.auction?.labelMs ?? 0;
  }

  get poison(): number {
    return this.counters[COUNTER.poison];
  }
}
