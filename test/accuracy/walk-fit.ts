/** The walk with bursts (src/sim/burst-trades.ts) next to the tapes that its form was fitted to. */
import type { Listing } from '../../src/market/instrument.js';
import type { TradingSession } from '../../src/market/session.js';
import { burstProfile } from '../../src/sim/burst-profile.js';
import { BurstTrades } from '../../src/sim/burst-trades.js';
import { profileOf } from '../../src/sim/instrument-profile.js';
import type { DayOptions, Trades } from './market.js';

/** How trades come, in whole seconds from the opening. */
export interface Character {
  readonly tradesPerSecond: number;
  /** Variance of trades a second by their mean. */
  readonly dispersion: number;
  /** Share of the trades whose price is not that of the trade before. */
  readonly moves: number;
  readonly emptySeconds: number;
  readonly mostInASecond: number;
}

export interface Fit {
  readonly name: string;
  readonly tape: Character;
  readonly walk: Character;
}

/** Of the trades of continuous trading, up to the last one's second. */
function characterOf({ ms, price }: Trades, { openMs, closeMs }: TradingSession): Character {
  const counts: number[] = [];
  let [trades, moves, last] = [0, 0, 0];
  for (const [k, at] of ms.entries()) {
    if (at < openMs || at >= closeMs) continue;
    const second = Math.floor((at - openMs) / 1000);
    while (counts.length <= second) counts.push(0);
    counts[second]++;
    if (trades > 0 && price[k] !== last) moves++;
    trades++;
    last = price[k];
  }
  const mean = trades / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  return {
    tradesPerSecond: mean,
    dispersion: variance / mean,
    moves: moves / trades,
    emptySeconds: counts.filter((count) => count === 0).length / counts.length,
    mostInASecond: counts.reduce((most, count) => Math.max(most, count), 0),
  };
}

/** A day of the walk with the tape's rate, dispersion and moves: the empty seconds follow from the form. */
function walkLike(tape: Character, { seed, listing, session, previousDate }: DayOptions): Trades {
  const trades = { ms: [] as number[], price: [] as number[], quantity: [] as number[] };
  const { tradesPerSecond, dispersion, moves } = tape;
  const profile = {
    ...profileOf(seed, listing),
    tradesPerSecond,
    bursts: burstProfile(tradesPerSecond, dispersion, moves),
  };
  const onTrade = (ms: number, price: number, quantity: number): void => {
    trades.ms.push(ms);
    trades.price.push(price);
    trades.quantity.push(quantity);
  };
  new BurstTrades({ seed, listing, profile, session, previousDate, onTrade, dispersion: 1 }).advance(
    Infinity,
  );
  return trades;
}

/** A tape and the walk that has its figures. */
export function fitOf(
  name: string,
  trades: Trades,
  options: DayOptions & { readonly listing: Listing },
): Fit {
  const tape = characterOf(trades, options.session);
  return { name, tape, walk: characterOf(walkLike(tape, options), options.session) };
}
