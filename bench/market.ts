/**
 * Instruments and day of the benches' frames, and the candles of a plain fold, which every bench's answer must equal.
 */
import { RULES } from '../src/candles/rules.js';
import { ANGEL } from '../src/broker/angel/angel.js';
import { MINUTE_MS, type TradingSession } from '../src/market/session.js';
import type { FileIdentity } from '../src/candles/candle.js';
import { FIELD, MODE, Packet } from '../src/market/packet.js';
import type { Instrument } from '../src/market/instrument.js';
import { monoMs } from '../src/clock.js';
import type { Engine, EngineOptions } from '../src/ingest/engine.js';
import { wireEngine, type WiredEngine } from '../src/ingest/wire-engine.js';
import { readBar } from '../src/memory/shard-reader.js';
import { encode } from '../src/broker/angel/frames.js';
import { MessageBatch, READ_BYTES, viewOf } from '../src/broker/messages.js';
import { FRAME_LENGTH } from '../src/broker/angel/frames.js';
import type { ModeName } from '../src/market/packet.js';
import { floor, frames, type BaselineResult } from './baselines.js';
import { volumeCandles, volumeFloor, volumeFrames, type Candle } from './volume-frames.js';

/** 09:15 in India, where the frames of `baselines.ts` begin. */
export const OPEN_MS = Date.UTC(2026, 10, 23, 3, 45);
const MINUTES = 375;
/** A quarter of an hour longer than a real one, so that there are ticks after the day's last row. */
export const SESSION: TradingSession = {
  date: '2026-11-23',
  openMs: OPEN_MS,
  closeMs: OPEN_MS + (MINUTES + 15) * MINUTE_MS,
  auction: undefined,
};
export const FRAME_BYTES = 51;
export const MODES: readonly ModeName[] = ['ltp', 'quote', 'snapquote'];
/** What files of a bench are of. */
export const IDENTITY: FileIdentity = { feed: 'sim:bench', mode: 'ltp', volumeKind: 'tick', rules: RULES };

export function instrumentsOf(tokens: readonly string[]): Instrument[] {
  return tokens.map((token, index) => ({
    index,
    symbol: `SYM${index}`,
    token,
    exchange: 'NSE',
    exchangeType: 1,
    tickSizeRupees: 0.05,
    derivatives: true,
  }));
}

/** Time from subscribing to the first frame: long enough that no packet passes for a cached one. */
export const SUBSCRIBED_BEFORE_MS = 10_000;

/**
 * An engine that is subscribed on connection 1, its intake, and the arrival of the next frames, which the caller
 * advances.
 */
export interface Subscribed extends WiredEngine {
  readonly arrival: { connection: number; monoMs: number; wallMs: number; marketMs: number };
}

/** An engine and its intake, not subscribed yet; LTP mode and one shard unless `more` says otherwise. */
export function unsubscribed(tokens: readonly string[], more: Partial<EngineOptions> = {}): WiredEngine {
  return wireEngine({
    codec: ANGEL.codec,
    instruments: instrumentsOf(tokens),
    sessionOf: () => SESSION,
    mode: 'ltp',
    shards: 1,
    graceMs: 3000,
    silenceMs: 3000,
    marketDateMs: OPEN_MS,
    ...more,
  });
}

export function subscribed(
  tokens: readonly string[],
  shards: number,
  more: Partial<EngineOptions> = {},
): Subscribed {
  const { engine, intake } = unsubscribed(tokens, { shards, ...more });
  const arrival = {
    connection: 1,
    monoMs: monoMs() - SUBSCRIBED_BEFORE_MS,
    wallMs: OPEN_MS,
    marketMs: OPEN_MS - SUBSCRIBED_BEFORE_MS,
  };
  intake.subscribed(arrival);
  return { engine, intake, arrival };
}

/** Tokens of `symbols` symbols. */
export function tokensOf(symbols: number): string[] {
  return Array.from({ length: symbols }, (_, k) => String(1000 + 37 * k));
}

/** A packet of `token`, to be ticked with. */
export function packetOf(token: string, mode: ModeName = 'ltp'): Packet {
  const packet = new Packet();
  packet.mode = MODE[mode];
  packet.exchangeType = 1;
  packet.setToken(token);
  return packet;
}

/** Makes the packet another tick, and `frame` its bytes. `exchangeMs`: epoch ms; `price` in paise. */
export function encodeTick(
  packet: Packet,
  frame: Buffer,
  sequence: number,
  exchangeMs: number,
  price: number,
): void {
  packet.setNumber(FIELD.sequence, sequence);
  packet.setNumber(FIELD.exchangeMs, exchangeMs);
  packet.setNumber(FIELD.price, price);
  encode(packet, frame);
}

/** Bytes of a message with a frame of `bytes` on the wire: longer ones have a header of four bytes. */
export const wireBytes = (bytes: number): number => bytes + (bytes < 126 ? 2 : 4);

/** Messages of `bytes` that a read of 64 KiB holds. */
const messagesARead = (bytes: number): number => Math.floor(READ_BYTES / wireBytes(bytes));

/** Frames as a busy socket delivers them: as many as fit into a read, without a copy. */
export class Reads {
  readonly messages = new MessageBatch();
  readonly #reads: readonly { readonly bytes: Buffer; readonly view: DataView }[];
  readonly count: number;
  readonly #messages: number;

  constructor(frames: Buffer, count: number, frameBytes = FRAME_BYTES) {
    this.count = count;
    const most = messagesARead(frameBytes);
    this.#messages = most;
    // Made in advance: the socket has one buffer for all its reads, and one view of it.
    this.#reads = Array.from({ length: Math.ceil(count / most) }, (_, k) => {
      const bytes = frames.subarray(k * most * frameBytes, Math.min((k + 1) * most, count) * frameBytes);
      return { bytes, view: viewOf(bytes) };
    });
    for (let k = 0; k < most; k++) this.messages.add(k * frameBytes, frameBytes);
  }

  /** Makes the read that begins at frame `from` the current one. Returns its number of frames. */
  next(from: number): number {
    const { messages } = this;
    const { bytes, view } = this.#reads[from / this.#messages];
    messages.bytes = bytes;
    messages.view = view;
    messages.count = Math.min(this.#messages, this.count - from);
    return messages.count;
  }
}

/** Frames as a quiet socket delivers them: one a read. */
export class Singly {
  readonly count: number;
  readonly #messages = new MessageBatch();

  /** `count` consecutive frames. */
  constructor(frames: Uint8Array, count: number) {
    this.#messages.within(frames);
    this.count = count;
  }

  /** Frame `k`, until another is asked for. */
  at(k: number): MessageBatch {
    const messages = this.#messages;
    messages.count = 0;
    messages.add(k * FRAME_BYTES, FRAME_BYTES);
    return messages;
  }
}

function hashOf(candles: readonly Candle[]): string {
  const inOrder = [...candles].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let hash = 0;
  for (const candle of inOrder)
    for (const value of candle) hash = (Math.imul(hash, 31) + (value % 4294967296)) | 0;
  return `${inOrder.length} candles ${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

/** What a plain fold of the frames makes, with every minute of every symbol. */
export function naiveAnswer(buf: Buffer, count: number, tokens: readonly string[]): string {
  const symbolOf = new Map(tokens.map((token, index) => [token, index]));
  const candles = new Map<string, Candle>();
  for (let k = 0; k < count; k++) {
    const at = k * FRAME_BYTES;
    const symbol = symbolOf.get(buf.toString('latin1', at + 2, at + 27).replace(/\0.*$/, ''))!;
    const minute = Math.floor((Number(buf.readBigInt64LE(at + 35)) - OPEN_MS) / MINUTE_MS);
    const price = Number(buf.readBigInt64LE(at + 43));
    const candle = candles.get(`${symbol} ${minute}`);
    if (candle === undefined)
      candles.set(`${symbol} ${minute}`, [symbol, minute, price, price, price, price, 1, 1]);
    else {
      candle[3] = Math.max(candle[3], price);
      candle[4] = Math.min(candle[4], price);
      candle[5] = price;
      candle[6]++;
      candle[7]++;
    }
  }
  return hashOf([...candles.values()]);
}

/** Frames of one mode, what a plain fold makes of them, and the least work that they are. */
export interface Frames {
  readonly mode: ModeName;
  readonly buf: Buffer;
  readonly count: number;
  readonly tokens: readonly string[];
  readonly frameBytes: number;
  readonly expected: string;
  floor(): BaselineResult;
}

/** `count` frames of 50 symbols, one each `stepMs` of market time. */
export function framesOf(mode: ModeName, count: number, stepMs: number): Frames {
  const frameBytes = FRAME_LENGTH[MODE[mode]];
  if (mode === 'ltp') {
    const { buf, tokens } = frames(count, 50, stepMs);
    const expected = naiveAnswer(buf, count, tokens);
    return { mode, buf, count, tokens, frameBytes, expected, floor: () => floor(buf, count, tokens) };
  }
  const { buf, tokens } = volumeFrames(mode, count, 50, stepMs);
  const expected = hashOf(volumeCandles(mode, buf, count, tokens, OPEN_MS));
  return {
    mode,
    buf,
    count,
    tokens,
    frameBytes,
    expected,
    floor: () => volumeFloor(mode, buf, count, tokens),
  };
}

/** What an engine's memory holds. */
export function engineAnswer({ memories, places }: Engine): string {
  const candles: Candle[] = [];
  for (const { instrument, shard, row } of places) {
    for (let bar = 0; bar < MINUTES; bar++) {
      const one = readBar(memories[shard], row, bar);
      if (one !== undefined)
        candles.push([instrument.index, bar, one.open, one.high, one.low, one.close, one.ticks, one.volume]);
    }
  }
  return hashOf(candles);
}
