/**
 * How an instrument's trades come in bursts. The form is fitted to trades that really happened (docs/tapes.md): all
 * trades of one US exchange in SPY, BAC, AIG and IBM on 2013-10-08 and 2013-10-10, and of Binance in BTCUSDT and
 * ETHUSDT on 2024-08-08 and 2024-08-09.
 */

export interface BurstProfile {
  /** Mean of the day. */
  readonly tradesPerSecond: number;
  /** Mean of the day: what has no burst is an empty second. */
  readonly burstsPerSecond: number;
  /** Variance of trades a second by their mean. */
  readonly dispersion: number;
  /** Share of the trades that move the price. */
  readonly moves: number;
}

/** Bursts a second by trades a second, as a power: from 0.08 at 0.5 trades to 0.7 at 4 and 3 to 4.6 at 30. */
const BURSTS = { factor: 0.24, power: 0.83 } as const;

/** Of an instrument with these figures. */
export function burstProfile(tradesPerSecond: number, dispersion: number, moves: number): BurstProfile {
  const burstsPerSecond = BURSTS.factor * tradesPerSecond ** BURSTS.power;
  return { tradesPerSecond, burstsPerSecond, dispersion, moves };
}
