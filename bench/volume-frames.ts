/**
 * Quote and SnapQuote frames of a market that trades, their baselines and their candles by a plain fold.
 *
 * Of a symbol's frames, 55 % repeat the last trade (the book moved), and of one trade in 30 the price comes before the
 * volume (docs/feed-behaviour.md). The first frame of a symbol only begins its volume.
 */
import { MODE } from '../src/market/packet.js';
import { FRAME_LENGTH } from '../src/broker/angel/frames.js';
import { fold, TABLE, tableOf, type BaselineResult } from './baselines.js';

export type VolumeMode = 'quote' | 'snapquote';

/** Offsets of docs/frames.md. */
const AT = {
  token: 2,
  sequence: 27,
  exchangeMs: 35,
  price: 43,
  quantity: 51,
  average: 59,
  volume: 67,
  open: 91,
  high: 99,
  low: 107,
  close: 115,
  tradeSeconds: 123,
  upperCircuit: 347,
  lowerCircuit: 355,
} as const;

/** Shares of frames: nothing traded; traded, and the volume comes later. */
const QUIET = 0.55;
const PRICE_FIRST = 0.015;

interface SymbolState {
  price: number;
  high: number;
  low: number;
  open: number;
  quantity: number;
  volume: number;
  owed: number;
  /** Epoch seconds. */
  traded: number;
}

function putState(buf: Buffer, o: number, one: SymbolState, mode: VolumeMode): void {
  const put = (at: number, value: number): unknown => buf.writeBigInt64LE(BigInt(value), o + at);
  put(AT.price, one.price);
  put(AT.quantity, one.quantity);
  put(AT.average, one.price);
  put(AT.volume, one.volume);
  put(AT.open, one.open);
  put(AT.high, one.high);
  put(AT.low, one.low);
  put(AT.close, one.open);
  if (mode === 'quote') return;
  put(AT.tradeSeconds, one.traded);
  put(AT.upperCircuit, one.open * 2);
  put(AT.lowerCircuit, Math.floor(one.open / 2));
}

/** `n` frames in one Buffer, one each `stepMs` of market time from 09:15 IST. Prices in paise. */
export function volumeFrames(
  mode: VolumeMode,
  n: number,
  symbols = 50,
  stepMs = 2,
  seed = 1,
): { readonly buf: Buffer; readonly tokens: string[] } {
  const size = FRAME_LENGTH[MODE[mode]];
  const buf = Buffer.alloc(n * size);
  let s = seed >>> 0;
  const rnd = (): number => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 4294967296;
  const t0 = Date.UTC(2026, 10, 23, 3, 45); // 09:15 IST
  const tokens = Array.from({ length: symbols }, (_, k) => String(1000 + k * 37));
  const states = tokens.map((): SymbolState => {
    const price = 100_000 + Math.floor(rnd() * 300_000);
    return {
      price,
      high: price,
      low: price,
      open: price,
      quantity: 1,
      volume: 1000,
      owed: 0,
      traded: t0 / 1000,
    };
  });
  for (let i = 0; i < n; i++) {
    const k = Math.floor(rnd() * symbols);
    const one = states[k];
    const time = t0 + Math.floor(i * stepMs);
    const kind = rnd();
    if (kind >= QUIET) {
      one.price = Math.max(5, one.price + Math.floor(rnd() * 21) - 10);
      one.high = Math.max(one.high, one.price);
      one.low = Math.min(one.low, one.price);
      one.quantity = 1 + Math.floor(rnd() * 50);
      one.traded = Math.floor(time / 1000);
      one.owed += one.quantity;
    }
    if (kind < 1 - PRICE_FIRST) {
      one.volume += one.owed;
      one.owed = 0;
    }
    const o = i * size;
    buf[o] = MODE[mode];
    buf[o + 1] = 1;
    buf.write(tokens[k], o + AT.token, 'latin1');
    buf.writeBigInt64LE(BigInt(i + 1), o + AT.sequence);
    buf.writeBigInt64LE(BigInt(time), o + AT.exchangeMs);
    putState(buf, o, one, mode);
  }
  return { buf, tokens };
}

function tokenAt(buf: Buffer, at: number): number {
  for (let k = 0, p = at; ; p++) {
    const c = buf[p];
    if (c === 0) return k;
    k = k * 10 + c - 48;
  }
}

const int64 = (dv: DataView, at: number): number =>
  dv.getInt32(at + 4, true) * 4294967296 + dv.getUint32(at, true);

/** The minimum of work: price, times, rise of the volume and day's range, all inlined, typed arrays, one thread. */
export function volumeFloor(
  mode: VolumeMode,
  buf: Buffer,
  n: number,
  tokens: readonly string[],
): BaselineResult {
  const bytes = FRAME_LENGTH[MODE[mode]];
  const snap = mode === 'snapquote';
  const { keys, vals } = tableOf(tokens);
  const dv = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
  const S = tokens.length;
  const minute = new Float64Array(S).fill(-1);
  const [open, high, low, close, volume, dayHigh, dayLow] = Array.from(
    { length: 7 },
    () => new Float64Array(S),
  );
  const total = new Float64Array(S).fill(-1);
  let candles = 0;
  let sum = 0;
  let latest = 0;
  for (let i = 0; i < n; i++) {
    const o = i * bytes;
    const k = tokenAt(buf, o + AT.token);
    let h = Math.imul(k, 0x9e3779b1) >>> 20;
    while (keys[h] !== k) h = (h + 1) & (TABLE - 1);
    const s = vals[h];
    const stamp = int64(dv, o + 35);
    const price = int64(dv, o + 43);
    const sold = int64(dv, o + 67);
    const top = int64(dv, o + 99);
    const bottom = int64(dv, o + 107);
    const time = snap ? int64(dv, o + 123) * 1000 : stamp;
    if (stamp > latest) latest = stamp;
    const rise = total[s] < 0 ? 0 : sold - total[s];
    total[s] = sold;
    if (rise > 0) {
      const m = Math.floor(time / 60000);
      if (m !== minute[s]) {
        if (minute[s] >= 0) {
          candles++;
          sum = fold(sum, open[s], high[s], low[s], close[s], volume[s]);
        }
        minute[s] = m;
        open[s] = high[s] = low[s] = close[s] = price;
        volume[s] = rise;
      } else {
        if (price > high[s]) high[s] = price;
        if (price < low[s]) low[s] = price;
        if (top > dayHigh[s]) high[s] = top > high[s] ? top : high[s];
        if (bottom < dayLow[s]) low[s] = bottom < low[s] ? bottom : low[s];
        close[s] = price;
        volume[s] += rise;
      }
    }
    dayHigh[s] = top;
    dayLow[s] = bottom;
  }
  return { candles, checksum: (sum + latest) | 0 };
}

/** One candle in numbers: symbol, minute, open, high, low, close, ticks, volume. */
export type Candle = [number, number, number, number, number, number, number, number];

/** The candles of a plain fold (docs/semantics.md, "From frame to tick"), with every minute of every symbol. */
export function volumeCandles(
  mode: VolumeMode,
  buf: Buffer,
  count: number,
  tokens: readonly string[],
  openMs: number,
): Candle[] {
  const size = FRAME_LENGTH[MODE[mode]];
  const symbolOf = new Map(tokens.map((token, index) => [token, index]));
  const before = new Map<number, { volume: number; quantity: number; price: number; traded: number }>();
  const candles = new Map<string, Candle>();
  for (let k = 0; k < count; k++) {
    const at = k * size;
    const number = (field: number): number => Number(buf.readBigInt64LE(at + field));
    const symbol = symbolOf.get(buf.toString('latin1', at + 2, at + 27).replace(/\0.*$/, ''))!;
    const traded = mode === 'snapquote' ? number(AT.tradeSeconds) * 1000 : number(AT.exchangeMs);
    const [price, volume, quantity] = [number(AT.price), number(AT.volume), number(AT.quantity)];
    const last = before.get(symbol);
    before.set(symbol, { volume, quantity, price, traded });
    if (last === undefined) continue;
    const shows = quantity !== last.quantity || (mode === 'snapquote' && traded > last.traded);
    if (volume === last.volume && !(shows && price !== last.price)) continue;
    const minute = Math.floor((traded - openMs) / 60_000);
    const candle = candles.get(`${symbol} ${minute}`);
    if (candle === undefined) {
      candles.set(`${symbol} ${minute}`, [
        symbol,
        minute,
        price,
        price,
        price,
        price,
        1,
        volume - last.volume,
      ]);
      continue;
    }
    candle[3] = Math.max(candle[3], price);
    candle[4] = Math.min(candle[4], price);
    candle[5] = price;
    candle[6]++;
    candle[7] += volume - last.volume;
  }
  return [...candles.values()];
}
