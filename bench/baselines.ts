/**
 * Two baselines for 51-byte LTP frames: `plain`, the obvious code, and `floor`, a hand-inlined single-threaded loop
 * that only decodes and builds bars. Both return the number of closed candles and a checksum. Neither filters, orders
 * or seals anything, so they bound the engine's cost from below and are not a model of it.
 */

export interface BaselineResult {
  readonly candles: number;
  readonly checksum: number;
}

/** `n` frames in one Buffer: digit tokens, prices in paise, one frame each `stepMs` of market time from 09:15 IST. */
export function frames(n: number, symbols = 50, stepMs = 2, seed = 1): { buf: Buffer; tokens: string[] } {
  const buf = Buffer.alloc(n * 51);
  let s = seed >>> 0;
  const rnd = (): number => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 4294967296;
  const price = Array.from({ length: symbols }, () => 100000 + Math.floor(rnd() * 300000));
  const tokens = Array.from({ length: symbols }, (_, i) => String(1000 + i * 37));
  const t0 = Date.UTC(2026, 10, 23, 3, 45); // 09:15 IST
  for (let i = 0; i < n; i++) {
    const k = Math.floor(rnd() * symbols);
    const o = i * 51;
    price[k] = Math.max(5, price[k] + Math.floor(rnd() * 21) - 10);
    buf[o] = 1;
    buf[o + 1] = 1;
    buf.write(tokens[k], o + 2, 'latin1');
    buf.writeBigInt64LE(BigInt(i + 1), o + 27);
    buf.writeBigInt64LE(BigInt(t0 + Math.floor(i * stepMs)), o + 35);
    buf.writeBigInt64LE(BigInt(price[k]), o + 43);
  }
  return { buf, tokens };
}

/** Checksum of closed candles; `n`: ticks or volume. */
export const fold = (acc: number, o: number, h: number, l: number, c: number, n: number): number =>
  (Math.imul(acc, 31) + o + 3 * h + 5 * l + 7 * c + 11 * n) | 0;

interface OpenCandle {
  minute: number;
  open: number;
  high: number;
  low: number;
  close: number;
  ticks: number;
}

/** The obvious code: an object for each tick, tokens as strings, BigInts, maps. */
export function plain(buf: Buffer, n: number, tokens: readonly string[]): BaselineResult {
  const symbolOf = new Map(tokens.map((t, i) => [t, `SYM${i}`]));
  const state = new Map<string | undefined, OpenCandle>();
  let candles = 0;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const b = buf.subarray(i * 51, i * 51 + 51);
    const tick = {
      symbol: symbolOf.get(b.toString('utf8', 2, 27).replace(/\0.*$/, '')),
      sequence: Number(b.readBigInt64LE(27)),
      time: Number(b.readBigInt64LE(35)),
      price: Number(b.readBigInt64LE(43)),
    };
    const minute = Math.floor(tick.time / 60000);
    const c = state.get(tick.symbol);
    if (!c) {
      state.set(tick.symbol, {
        minute,
        open: tick.price,
        high: tick.price,
        low: tick.price,
        close: tick.price,
        ticks: 1,
      });
    } else if (c.minute !== minute) {
      candles++;
      sum = fold(sum, c.open, c.high, c.low, c.close, c.ticks);
      c.minute = minute;
      c.open = c.high = c.low = c.close = tick.price;
      c.ticks = 1;
    } else {
      c.high = Math.max(c.high, tick.price);
      c.low = Math.min(c.low, tick.price);
      c.close = tick.price;
      c.ticks++;
    }
  }
  return { candles, checksum: sum };
}

/** Places of the floors' hash tables. */
export const TABLE = 4096;

/** Symbols by token, for the floors. */
export function tableOf(tokens: readonly string[]): { readonly keys: Int32Array; readonly vals: Int32Array } {
  const keys = new Int32Array(TABLE);
  const vals = new Int32Array(TABLE).fill(-1);
  tokens.forEach((t, i) => {
    let h = Math.imul(+t, 0x9e3779b1) >>> 20;
    while (vals[h] >= 0) h = (h + 1) & (TABLE - 1);
    keys[h] = +t;
    vals[h] = i;
  });
  return { keys, vals };
}

/** The minimum of work: everything inlined, typed arrays, one thread. */
export function floor(buf: Buffer, n: number, tokens: readonly string[]): BaselineResult {
  const { keys, vals } = tableOf(tokens);
  const dv = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
  const S = tokens.length;
  const minute = new Float64Array(S).fill(-1);
  const open = new Float64Array(S);
  const high = new Float64Array(S);
  const low = new Float64Array(S);
  const close = new Float64Array(S);
  const ticks = new Int32Array(S);
  let candles = 0;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const o = i * 51;
    let k = 0;
    for (let p = o + 2; ; p++) {
      const c = buf[p];
      if (c === 0) break;
      k = k * 10 + c - 48;
    }
    let h = Math.imul(k, 0x9e3779b1) >>> 20;
    while (keys[h] !== k) h = (h + 1) & (TABLE - 1);
    const s = vals[h];
    const time = dv.getInt32(o + 39, true) * 4294967296 + dv.getUint32(o + 35, true);
    const price = dv.getInt32(o + 47, true) * 4294967296 + dv.getUint32(o + 43, true);
    const m = Math.floor(time / 60000);
    if (m !== minute[s]) {
      if (minute[s] >= 0) {
        candles++;
        sum = fold(sum, open[s], high[s], low[s], close[s], ticks[s]);
      }
      minute[s] = m;
      open[s] = high[s] = low[s] = close[s] = price;
      ticks[s] = 1;
    } else {
      if (price > high[s]) high[s] = price;
      if (price < low[s]) low[s] = price;
      close[s] = price;
      ticks[s]++;
    }
  }
  return { candles, checksum: sum };
}
