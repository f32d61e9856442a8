/** Which instruments a name means, by the broker's file: one, the nearest future, or options around the money. Pure. */
import type { BrokerListings } from '../broker/broker.js';
import { EngineError } from '../errors.js';
import type { Contract, Listing } from '../market/instrument.js';
import { named } from '../text/named.js';
import { nearestNames } from '../text/nearest.js';
import type { AskedName } from './names.js';

/** What a selection of contracts goes by. */
export interface ChoiceBasis {
  /** IST, `YYYY-MM-DD`: contracts that expired before it are no choice. */
  readonly date: string;
  /** Prices of underlyings in rupees, by name. */
  readonly spots: ReadonlyMap<string, number>;
}

interface Master {
  readonly path: string;
  readonly scrips: BrokerListings;
}

/** A contract's listing. */
type Contracted = Listing & { readonly contract: Contract };

/** Names in a sentence. */
export const NEAREST = 3;

function unknown(sentence: string): EngineError {
  return new EngineError('INSTRUMENT', sentence);
}

function contractsOf({ scrips }: Master, exchange: string, name: string): Contracted[] {
  return [...scrips.others.values()].filter(
    (one): one is Contracted => one.exchange === exchange && one.contract?.name === name,
  );
}

/** `; the nearest names are A, B and C`, of what `master` has of the exchange. */
function nearest({ scrips }: Master, exchange: string, wanted: string, names?: readonly string[]): string {
  const all =
    names ?? [...scrips.others.values()].flatMap((one) => (one.exchange === exchange ? [one.symbol] : []));
  const found = nearestNames(wanted, exchange === 'NSE' ? [...all, ...scrips.listings.keys()] : all, NEAREST);
  return found.length === 0 ? '' : `; the nearest names are ${named(found)}`;
}

const isOver = ({ contract }: Listing, date: string): boolean =>
  contract !== undefined && contract.expiry < date;

/** The expired contract's successors, by their own symbols. */
function expired(listing: Contracted, master: Master, date: string): EngineError {
  const { symbol, exchange, contract } = listing;
  const alive = contractsOf(master, exchange, contract.name).filter(
    (one) =>
      !isOver(one, date) &&
      one.contract.option === contract.option &&
      one.contract.strikeRupees === contract.strikeRupees,
  );
  const next = alive.sort((a, b) => (a.contract.expiry < b.contract.expiry ? -1 : 1)).slice(0, NEAREST);
  return unknown(
    `${exchange}:${symbol} expired on ${contract.expiry}${next.length === 0 ? '' : `; the next are ${named(next.map((one) => one.symbol))}`}.`,
  );
}

function oneOf({ exchange, symbol }: AskedName & { kind: 'one' }, master: Master, date: string): Listing {
  const key = `${exchange}:${symbol}`;
  const conflict = master.scrips.conflicts.get(key);
  if (conflict !== undefined) throw unknown(`${master.path}: ${conflict}.`);
  const found = master.scrips.others.get(key);
  if (found === undefined)
    throw unknown(`${key} is not in ${master.path}${nearest(master, exchange, symbol)}.`);
  if (found.contract !== undefined && isOver(found, date)) throw expired(found as Contracted, master, date);
  return found;
}

/** Of the contracts of a kind: those that have not expired. Throws EngineError INSTRUMENT without one. */
function alive(
  { text, exchange, name }: AskedName & { kind: 'future' | 'options' },
  master: Master,
  date: string,
  isOption: boolean,
): Contracted[] {
  const all = contractsOf(master, exchange, name);
  const kind = isOption ? 'options' : 'futures';
  const left = all.filter((one) => (one.contract.option !== undefined) === isOption && !isOver(one, date));
  if (left.length > 0) return left;
  const names = new Set<string>();
  for (const one of master.scrips.others.values())
    if (
      one.exchange === exchange &&
      (one.contract?.option !== undefined) === isOption &&
      one.contract !== undefined
    )
      names.add(one.contract.name);
  throw unknown(
    all.length === 0
      ? `${text}: ${master.path} has no contract of ${name} on ${exchange}${nearest(master, exchange, name, [...names])}.`
      : `${text}: ${master.path} has no ${kind} of ${name} on ${exchange} that expire on ${date} or later: fetch today's file.`,
  );
}

function nearestFuture(asked: AskedName & { kind: 'future' }, master: Master, date: string): Listing {
  return alive(asked, master, date, false).reduce((a, b) => (b.contract.expiry < a.contract.expiry ? b : a));
}

/** The nearest expiry, or the nearest that is its month's last. */
function expiryOf(options: readonly Contracted[], which: 'weekly' | 'monthly'): string {
  const expiries = [...new Set(options.map(({ contract }) => contract.expiry))].sort();
  const lasts = expiries.filter((date, k) => expiries[k + 1]?.slice(0, 7) !== date.slice(0, 7));
  return which === 'weekly' ? expiries[0] : lasts[0];
}

function optionsAround(
  asked: AskedName & { kind: 'options' },
  master: Master,
  market: ChoiceBasis,
): Listing[] {
  const { name, around, expiry: which } = asked;
  const spot = market.spots.get(name);
  if (spot === undefined)
    throw unknown(
      `${asked.text} needs the price of ${name}, and none is known: give it with --spot ${name}=PRICE.`,
    );
  const all = alive(asked, master, market.date, true);
  const expiry = expiryOf(all, which);
  const chain = all.filter(({ contract }) => contract.expiry === expiry);
  const strikes = [...new Set(chain.map(({ contract }) => contract.strikeRupees!))].sort((a, b) => a - b);
  const money = strikes.reduce((a, b) => (Math.abs(b - spot) < Math.abs(a - spot) ? b : a));
  const at = strikes.indexOf(money);
  const chosen = strikes.slice(Math.max(0, at - around), at + around + 1);
  return chosen.flatMap((strike) =>
    (['CE', 'PE'] as const).flatMap(
      (option) =>
        chain.find(({ contract }) => contract.strikeRupees === strike && contract.option === option) ?? [],
    ),
  );
}

/** Throws EngineError INSTRUMENT with one sentence. */
export function listingsOf(
  asked: AskedName,
  master: Master | undefined,
  market: ChoiceBasis | undefined,
): readonly Listing[] {
  if (master === undefined || market === undefined)
    throw unknown(
      `${asked.text} needs the broker's instrument file: \`tickshard instruments --fetch\` gets it for the live feed, --instruments FILE names one.`,
    );
  if (asked.kind === 'one') return [oneOf(asked, master, market.date)];
  return asked.kind === 'future'
    ? [nearestFuture(asked, master, market.date)]
    : optionsAround(asked, master, market);
}

/** Whose price gives a selection its money: the index or stock of that name, else its nearest future. */
export function underlyingOf(
  { exchange, name }: { readonly exchange: string; readonly name: string },
  master: Master,
  stocks: ReadonlyMap<string, Listing>,
  date: string,
): Listing | undefined {
  const { others, listings } = master.scrips;
  const spot =
    others.get(`NSE:${name}`) ?? others.get(`BSE:${name}`) ?? listings.get(name) ?? stocks.get(name);
  if (exchange === 'NFO' || exchange === 'BFO') {
    if (spot !== undefined) return spot;
  }
  const futures = contractsOf(master, exchange, name).filter(
    (one) => one.contract.option === undefined && !isOver(one, date),
  );
  return futures.sort((a, b) => (a.contract.expiry < b.contract.expiry ? -1 : 1))[0] ?? spot;
}
