/** Rows and files as the broker's instrument file has them (docs/protocol.md 9). */
export type Row = Record<string, unknown>;

export const row = (symbol: string, token: string, more: Row = {}): Row => ({
  token,
  symbol,
  name: symbol.replace(/-.*$/, ''),
  expiry: '',
  strike: '-1.000000',
  lotsize: '1',
  instrumenttype: '',
  exch_seg: 'NSE',
  tick_size: '10.000000',
  ...more,
});

/** `bytes` in pieces of `size`. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

/** A row of another segment, as most of the file is. */
export const option = (k: number): Row => ({
  token: String(900_000 + k),
  symbol: `NIFTY24NOV26${20_000 + k}CE`,
  name: 'NIFTY',
  expiry: '24NOV2026',
  strike: '2450000.000000',
  lotsize: '75',
  instrumenttype: 'OPTIDX',
  exch_seg: 'NFO',
  tick_size: '5.000000',
});
