/**
 * What conflation and candles need of an instrument's true trades on one date. The walk (trades.ts) and a tape
 * (tape.ts) implement it. Prices in the wire's unit and whole ticks.
 */

/** A true trade: epoch ms with fractions. */
export type OnTrade = (ms: number, price: number, quantity: number) => void;

/** Known before the date's first trade. */
export interface DayLevels {
  readonly previousClose: number;
  readonly upperCircuit: number;
  readonly lowerCircuit: number;
  /** Of the year before the date. */
  readonly yearHigh: number;
  readonly yearLow: number;
}

export abstract class TradeSource {
  readonly levels: DayLevels;
  readonly #onTrade: OnTrade;
  /** Of the last trade; zeros before the first. */
  atMs = 0;
  price = 0;
  quantity = 0;
  /** Best prices after the last trade. */
  bid = 0;
  ask = 0;
  /** Of the day; the volume is 0 before the first trade. */
  volume = 0;
  turnover = 0;
  dayOpen = 0;
  dayHigh = 0;
  dayLow = 0;

  protected constructor(levels: DayLevels, onTrade: OnTrade) {
    this.levels = levels;
    this.#onTrade = onTrade;
  }

  /** Makes every trade up to and including `toMs`, if not in the past. The steps do not matter. */
  abstract advance(toMs: number): void;

  protected record(ms: number, price: number, quantity: number): void {
    this.atMs = ms;
    this.price = price;
    this.quantity = quantity;
    if (this.volume === 0) {
      this.dayOpen = price;
      this.dayHigh = price;
      this.dayLow = price;
    } else if (price > this.dayHigh) this.dayHigh = price;
    else if (price < this.dayLow) this.dayLow = price;
    this.volume += quantity;
    this.turnover += quantity * price;
    this.#onTrade(ms, price, quantity);
  }
}
