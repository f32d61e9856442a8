/** The NIFTY 50 as shipped (`data/instruments/nifty50.json`). */
import { readFileSync } from 'node:fs';
import { shipped } from '../paths.js';
import type { Listing } from './instrument.js';

interface Constituents {
  readonly exchangeType: number;
  readonly constituents: readonly {
    readonly symbol: string;
    readonly token: string;
    readonly tickSizeRupees: string;
  }[];
}

/** As shipped. All have derivatives. */
export function niftyFifty(): Listing[] {
  const file = JSON.parse(readFileSync(shipped('data/instruments/nifty50.json'), 'utf8')) as Constituents;
  return file.constituents.map(({ symbol, token, tickSizeRupees }) => ({
    symbol,
    token,
    exchange: 'NSE',
    exchangeType: file.exchangeType,
    tickSizeRupees: Number(tickSizeRupees),
    derivatives: true,
  }));
}
