/**
 * An instrument's character and price level: functions of (seed, instrument, date), so no date needs those before
 * it.
 */

import { fnv1a32, priceScale, type Listing } from '../market/instrument.js';
import { DAY_MS, istMs } from '../market/session.js';
import { seededRandom, type Random } from '../random.js';
import { moverOf, stockNamed, underlyingNamed } from './underlyings.js';
import { burstProfile, type BurstProfile } from './burst-profile.js';

/** Prices and ticks in the wire's unit (paise; 1e-7 rupee for exchange type 13). */
export interface InstrumentProfile {
  readonly tick: number;
  /** Average of the day, 1.2 to 14. */
  readonly tradesPerSecond: number;
  /** Of the trades. */
  readonly medianQuantity: number;
  /** Standard deviation of the day's move, share of the price. */
  readonly dayVolatility: number;
  readonly spreadTicks: number;
  /** Usual quarter seconds between snapshots: 1 or 2. */
  readonly cadenceFrames: number;
  /** About which it moves by the minute; 0 without derivatives. */
  readonly openInterest: number;
  /** Factor of the packet rate in Quote and SnapQuote mode: 0.89 to 1.11, as 1.36 to 1.89 were measured. */
  readonly liveliness: number;
  /** Factor of the packet rate in LTP mode: the mean over many is 1. */
  readonly ltpWeight: number;
  readonly bursts: BurstProfile;
  /** Quantities are multiples of it. */
  readonly lot: number;
  /** How far the exchange lets the price move in a day, share of the previous close. */
  readonly circuit: number;
}

/** The exchange's limit for shares: a tenth from the previous close. */
export const CIRCUIT = 0.1;
/** Options have no such limit; this one is far. */
const OPTION_CIRCUIT = 5;
/** Market days and volatility of a year, for the price of an option and its daily move. */
const YEAR_DAYS = 365;
const TRADING_DAYS = 252;
const MAX_OPTION_MOVE = 0.35;
/** A future is above its underlying by this share a day. */
const CARRY_A_DAY = 0.00018;

/** Independent random streams. */
export const STREAM = {
  profile: 0,
  trades: 1,
  cadence: 2,
  habits: 3,
  answers: 4,
  delays: 5,
  interest: 6,
  level: 16,
  book: 1024,
} as const;

/**
 * NSE's tick sizes since April 2025 by price, rupees (0.01 below 250, 0.05 to 1,000, 0.10 to 5,000, 0.50 to 10,000,
 * 1.00 to 20,000, 5.00 above), with ranges narrowed so that a price stays in its tick's band.
 */
const BANDS: readonly { tick: number; from: number; to: number }[] = [
  { tick: 0.01, from: 110, to: 220 },
  { tick: 0.05, from: 300, to: 850 },
  { tick: 0.1, from: 1150, to: 4200 },
  { tick: 0.5, from: 5600, to: 8600 },
  { tick: 1, from: 11500, to: 17000 },
  { tick: 5, from: 23000, to: 60000 },
];

/** Of an instrument's streams; with a date, of that date's. */
export function seedOf(seed: number, listing: Listing, date = ''): number {
  return fnv1a32(`${seed} ${listing.exchangeType} ${listing.token} ${date}`);
}

/** An approximately normal deviate: three uniform ones, scaled to variance 1. Never beyond 3. */
export function normal(random: Random): number {
  return 2 * (random() + random() + random() - 1.5);
}

function between(random: Random, from: number, to: number): number {
  return from * Math.exp(random() * Math.log(to / from));
}

function bandOf(tickRupees: number): { from: number; to: number } {
  return BANDS.find((band) => tickRupees <= band.tick) ?? BANDS[BANDS.length - 1];
}

/** The same on every date. */
export function profileOf(seed: number, listing: Listing): InstrumentProfile {
  const random = seededRandom(seedOf(seed, listing), STREAM.profile);
  const band = bandOf(listing.tickSizeRupees);
  const tradesPerSecond = between(random, 1.2, 14);
  const profile = {
    tick: Math.max(1, Math.round(listing.tickSizeRupees * priceScale(listing.exchangeType))),
    tradesPerSecond,
    medianQuantity: Math.max(1, Math.round(between(random, 8_000, 40_000) / Math.sqrt(band.from * band.to))),
    dayVolatility: between(random, 0.006, 0.016),
    spreadTicks: random() < 0.75 ? 1 : 2,
    cadenceFrames: tradesPerSecond > 2.5 ? 1 : 2,
    openInterest: listing.derivatives ? Math.round(between(random, 2e6, 9e7)) : 0,
  };
  const liveliness = 0.89 + 0.22 * random();
  const dispersion = between(random, 8, 64);
  const moves = between(random, 0.1, 0.45);
  // Of two names, the one whose price moves more often has more packets.
  const busy =
    (Math.log(tradesPerSecond / 1.2) / Math.log(14 / 1.2) + Math.log(moves / 0.1) / Math.log(4.5)) / 2;
  return {
    ...profile,
    liveliness,
    ltpWeight: 0.5 + 2.2 * busy ** 2,
    bursts: burstProfile(tradesPerSecond, dispersion, moves),
    lot: 1,
    circuit: CIRCUIT,
    ...characterOf(listing, profile),
  };
}

/** What an index or a contract has otherwise than a share of the same seed. */
function characterOf(
  { symbol, contract, exchange }: Listing,
  profile: Pick<InstrumentProfile, 'dayVolatility' | 'medianQuantity'>,
): Partial<InstrumentProfile> {
  const name = contract?.name ?? symbol;
  const dayVolatility = underlyingNamed(name)?.dayVolatility ?? profile.dayVolatility;
  if (contract === undefined) return underlyingNamed(name) === undefined ? {} : { dayVolatility };
  // Commodities and currencies trade in lots, which the feed counts.
  const lot = exchange === 'NFO' || exchange === 'BFO' ? contract.lotSize : 1;
  const medianQuantity = lot * Math.max(1, Math.round(profile.medianQuantity / 50));
  return contract.option === undefined
    ? { lot, medianQuantity, dayVolatility }
    : {
        lot,
        medianQuantity,
        dayVolatility: Math.min(MAX_OPTION_MOVE, 12 * dayVolatility),
        circuit: OPTION_CIRCUIT,
      };
}

/**
 * One day's share of the price level's logarithm, and octaves of noise: about 1.1 % from day to day, 12 % in a year.
 */
const LEVEL_STEP = 0.0095;
const OCTAVES = 9;
const WEEKS_OF_YEAR = 52;

/** The closing price of `date`, in the wire's unit and whole ticks: noise of nine octaves needs no walk. */
export function closeOf(seed: number, listing: Listing, profile: InstrumentProfile, date: string): number {
  return levelAt(seed, listing, profile, Math.round(istMs(date, '00:00') / DAY_MS));
}

/** Highest and lowest weekly close in the year before `date`. */
export function yearRange(
  seed: number,
  listing: Listing,
  profile: InstrumentProfile,
  date: string,
): { high: number; low: number } {
  const day = Math.round(istMs(date, '00:00') / DAY_MS);
  let high = -Infinity;
  let low = Infinity;
  for (let week = 1; week <= WEEKS_OF_YEAR; week++) {
    const level = levelAt(seed, listing, profile, day - 7 * week);
    high = Math.max(high, level);
    low = Math.min(low, level);
  }
  return { high, low };
}

function levelAt(seed: number, listing: Listing, profile: InstrumentProfile, day: number): number {
  const rupees = listing.contract === undefined ? spotAt(seed, listing, day) : contractAt(seed, listing, day);
  const scale = priceScale(listing.exchangeType);
  return Math.max(1, Math.round((rupees * scale) / profile.tick)) * profile.tick;
}

/** Rupees, of a share or an index. A share of BSE is at the price of NSE. */
function spotAt(seed: number, listing: Listing, day: number): number {
  const mover = listing.exchange === 'BSE' ? (stockNamed(listing.symbol) ?? listing) : listing;
  const key = seedOf(seed, mover);
  const band = bandOf(mover.tickSizeRupees);
  const level = underlyingNamed(mover.symbol)?.level;
  const base = level ?? between(seededRandom(key, STREAM.level), band.from, band.to);
  // A currency moves less than a share.
  const share = level === undefined ? 1 : Math.min(1, underlyingNamed(mover.symbol)!.dayVolatility / 0.008);
  let exponent = 0;
  for (let octave = 0; octave < OCTAVES; octave++) {
    const place = day / 2 ** octave;
    const cell = Math.floor(place);
    const here = latticePoint(key, octave, cell);
    exponent +=
      LEVEL_STEP * 2 ** (octave / 2) * (here + (latticePoint(key, octave, cell + 1) - here) * (place - cell));
  }
  return base * Math.exp(share * exponent);
}

/** Rupees: the underlying with its carry, or the value inside the money and a bell of time value around it. */
function contractAt(seed: number, { contract }: Listing, day: number): number {
  const { name, expiry, option, strikeRupees } = contract!;
  const spot = spotAt(seed, moverOf(name), day);
  const days = Math.max(0, Math.round(istMs(expiry, '00:00') / DAY_MS) - day);
  const future = spot * (1 + CARRY_A_DAY * days);
  if (option === undefined) return future;
  const dayVolatility = underlyingNamed(name)?.dayVolatility ?? 0.011;
  const sigma = future * dayVolatility * Math.sqrt(((days + 0.3) * TRADING_DAYS) / YEAR_DAYS);
  const away = (future - strikeRupees!) / sigma;
  const inside = Math.max(0, option === 'CE' ? future - strikeRupees! : strikeRupees! - future);
  return inside + 0.4 * sigma * Math.exp(-0.5 * away * away - 0.3 * Math.abs(away));
}

/** In [-1, 1), for one point of an octave's grid. */
function latticePoint(key: number, octave: number, cell: number): number {
  return 2 * seededRandom(key + cell, STREAM.level + 1 + octave)() - 1;
}
