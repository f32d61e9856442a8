import type { CandleRow, VolumeKind } from '../candles/candle.js';
import { isIndex, priceScale, type Listing } from '../market/instrument.js';
import { MINUTE_MS, type TradingSession } from '../market/session.js';

/**
 * One instrument's day, from trades or packets: continuous minutes, then the closing auction. Prices in the wire's
 * unit.
 */
export class MinuteCandles {
  readonly #session: TradingSession;
  readonly #count: number;
  readonly #open: Float64Array;
  readonly #high: Float64Array;
  readonly #low: Float64Array;
  readonly #close: Float64Array;
  readonly #volume: Float64Array;

  constructor(session: TradingSession) {
    this.#session = session;
    this.#count = Math.round((session.closeMs - session.openMs) / MINUTE_MS);
    const bars = this.#count + 1;
    this.#open = new Float64Array(bars);
    this.#high = new Float64Array(bars);
    this.#low = new Float64Array(bars);
    this.#close = new Float64Array(bars);
    this.#volume = new Float64Array(bars);
  }

  /** In order of time, into the half-open minute that holds `ms`; ignored outside the session. */
  add(ms: number, price: number, volume: number): void {
    const bar = this.#barOf(ms);
    if (bar < 0) return;
    if (this.#volume[bar] === 0) {
      this.#open[bar] = price;
      this.#high[bar] = price;
      this.#low[bar] = price;
    } else if (price > this.#high[bar]) this.#high[bar] = price;
    else if (price < this.#low[bar]) this.#low[bar] = price;
    this.#close[bar] = price;
    this.#volume[bar] += volume;
  }

  #barOf(ms: number): number {
    const { openMs, closeMs, auction } = this.#session;
    if (ms >= openMs && ms < closeMs) return Math.floor((ms - openMs) / MINUTE_MS);
    return auction !== undefined && ms >= auction.fromMs && ms < auction.toMs ? this.#count : -1;
  }

  /** Of minutes with trades that ended by `endedByMs`, rupees. Of an index nothing is traded: its volume is 0. */
  rows(listing: Listing, endedByMs: number, kind: VolumeKind): CandleRow[] {
    const isTraded = kind === 'traded';
    const scale = priceScale(listing.exchangeType);
    const rows: CandleRow[] = [];
    for (let bar = 0; bar < this.#volume.length; bar++) {
      const timestampMs = this.#labelOf(bar);
      if (this.#volume[bar] === 0 || timestampMs + MINUTE_MS > endedByMs) continue;
      rows.push({
        symbol: listing.symbol,
        exchange: listing.exchange,
        timestampMs,
        open: this.#open[bar] / scale,
        high: this.#high[bar] / scale,
        low: this.#low[bar] / scale,
        close: this.#close[bar] / scale,
        volume: isTraded && isIndex(listing) ? 0 : this.#volume[bar],
      });
    }
    return rows;
  }

  #labelOf(bar: number): number {
    const { openMs, auction } = this.#session;
    return bar === this.#count && auction !== undefined ? auction.labelMs : openMs + bar * MINUTE_MS;
  }
}
