/**
 * One stock of the simulated market: true trades, second by second, and the snapshots that a conflated feed makes of them. Everything
 * comes from the stock's own seeded streams, so it is the same whoever watches, from whatever start and beside whatever other stocks.
 *
 * The model: trades arrive as a Poisson process whose rate is the stock's own, high after the opening and in bursts; prices walk in
 * ticks and bounce between bid and ask, with a rare jump; quantities are lognormal. It is no claim about real prices.
 */
import { fnv1a32, type Listing } from '../market/instrument.js';
import { MINUTE_MS, type Session } from '../market/session.js';
import { seededRandom, type Random } from '../random.js';

const SECOND_MS = 1000;
const PRE_OPEN_PRINT_BEFORE_MS = 7.5 * MINUTE_MS;
/** Ways to spread the snapshots of a second, ms apart: one to four a second. */
const CADENCES = [1000, 500, 334, 250] as const;

/** A minute made of something: true trades, or LTP packets. Prices in paise. */
export interface MinuteBar {
  readonly startMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** What the feed says of a stock at one moment. Prices in paise, times epoch. */
export interface Snapshot {
  readonly stock: Stock;
  /** When it was taken. */
  readonly atMs: number;
  readonly price: number;
  readonly lastQuantity: number;
  readonly averagePrice: number;
  readonly volume: number;
  readonly dayOpen: number;
  readonly dayHigh: number;
  readonly dayLow: number;
  readonly lastTradeSeconds: number;
  /** Set by the market: one counter for the whole segment. */
  sequence: number;
}

function poisson(mean: number, random: Random): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function add(bars: MinuteBar[], startMs: number, price: number, volume: number): void {
  const bar = bars.at(-1);
  if (bar === undefined || bar.startMs !== startMs) {
    bars.push({ startMs, open: price, high: price, low: price, close: price, volume });
    return;
  }
  bar.high = Math.max(bar.high, price);
  bar.low = Math.min(bar.low, price);
  bar.close = price;
  bar.volume += volume;
}

export class Stock {
  readonly listing: Listing;
  readonly session: Session;
  readonly previousClose: number;
  readonly circuits: { readonly upper: number; readonly lower: number };
  readonly yearRange: { readonly high: number; readonly low: number };
  readonly openInterest: number;
  /** Candles of the true trades, by trade time. */
  readonly trueBars: MinuteBar[] = [];
  /** Candles of the snapshots as LTP packets: what a perfect reader of LTP frames would have. */
  readonly packetBars: MinuteBar[] = [];
  readonly #tick: number;
  readonly #rate: number;
  readonly #size: number;
  readonly #offsets: number[] = [];
  readonly #trading: Random;
  readonly #book: Random;
  readonly #auctionAtMs: number | undefined;
  #mid: number;
  #burst = 1;
  #price = 0;
  #lastQuantity = 0;
  #volume = 0;
  #turnover = 0;
  #dayOpen = 0;
  #dayHigh = 0;
  #dayLow = 0;
  #lastTradeMs = 0;

  constructor(listing: Listing, session: Session, seed: number) {
    this.listing = listing;
    this.session = session;
    const identity = fnv1a32(`${listing.exchange}:${listing.symbol}`);
    // What the stock is does not depend on the day; how the day goes does.
    const character = seededRandom(seed ^ identity, 0);
    this.#tick = Math.max(1, Math.round(listing.tickSizeRupees * 100));
    this.#rate = 1.2 * 8 ** character();
    this.#size = Math.exp(2 + 2.5 * character());
    const cadence = CADENCES[Math.floor(character() * CADENCES.length)];
    for (let offset = Math.floor(character() * (1000 - cadence * (Math.ceil(1000 / cadence) - 1))); offset < 1000; offset += cadence) this.#offsets.push(offset);
    const ticks = (paise: number): number => Math.round(paise / this.#tick);
    const base = ticks(20_000 * 40 ** character());
    const day = seededRandom(seed ^ identity ^ fnv1a32(session.date), 1);
    this.#mid = Math.max(50, Math.round(base * (1 + 0.02 * normal(day))));
    this.previousClose = Math.max(50, Math.round(this.#mid * (1 - 0.005 * normal(day)))) * this.#tick;
    this.circuits = { upper: ticks(this.previousClose * 1.1) * this.#tick, lower: ticks(this.previousClose * 0.9) * this.#tick };
    this.yearRange = { high: ticks(this.previousClose * 1.3) * this.#tick, low: ticks(this.previousClose * 0.7) * this.#tick };
    this.openInterest = listing.derivatives ? Math.floor(1e6 + 1e8 * character()) : 0;
    this.#trading = seededRandom(seed ^ identity ^ fnv1a32(session.date), 2);
    this.#book = seededRandom(seed ^ identity ^ fnv1a32(session.date), 3);
    this.#auctionAtMs = session.auction === undefined ? undefined : session.auction.fromMs + MINUTE_MS + Math.floor(day() * 45_000);
    // The opening auction: one print before the session; it is in the day's volume and is the day's open.
    this.#trade(session.openMs - PRE_OPEN_PRINT_BEFORE_MS, this.#mid * this.#tick, 1 + Math.floor(this.#size * 200 * (0.5 + day())));
  }

  /** What the feed would say now. `atMs`: when it is taken. */
  snapshot(atMs: number): Snapshot {
    return {
      stock: this,
      atMs,
      price: this.#price,
      lastQuantity: this.#lastQuantity,
      averagePrice: Math.round(this.#turnover / this.#volume),
      volume: this.#volume,
      dayOpen: this.#dayOpen,
      dayHigh: this.#dayHigh,
      dayLow: this.#dayLow,
      lastTradeSeconds: Math.floor(this.#lastTradeMs / SECOND_MS),
      sequence: 0,
    };
  }

  /** Lives through the second that begins at `secondMs`; its snapshots go to `emit` in order. */
  second(secondMs: number, emit: (snapshot: Snapshot) => void): void {
    const { openMs, closeMs } = this.session;
    if (secondMs >= openMs && secondMs < closeMs) this.#continuous(secondMs, emit);
    else if (this.#auctionAtMs !== undefined && Math.floor(this.#auctionAtMs / SECOND_MS) * SECOND_MS === secondMs) this.#auction(secondMs, emit);
  }

  #continuous(secondMs: number, emit: (snapshot: Snapshot) => void): void {
    const random = this.#trading;
    const sinceOpenMin = (secondMs - this.session.openMs) / MINUTE_MS;
    this.#burst = 1 + (this.#burst - 1) * 0.9 + (random() < 0.01 ? 4 * random() : 0);
    const count = poisson(Math.min(60, this.#rate * this.#burst * (1 + 3 * Math.exp(-sinceOpenMin / 5))), random);
    const moments: number[] = [];
    for (let k = 0; k < count; k++) moments.push(Math.floor(random() * SECOND_MS));
    moments.sort((a, b) => a - b);
    let next = 0;
    let changed = false;
    const tradeUntil = (offset: number): void => {
      for (; next < moments.length && moments[next] < offset; next++) {
        this.#walk();
        this.#trade(secondMs + moments[next], (this.#mid + (random() < 0.5 ? 0 : 1)) * this.#tick, 1 + Math.floor(this.#size * Math.exp(0.9 * normal(random))));
        changed = true;
      }
    };
    for (const offset of this.#offsets) {
      tradeUntil(offset);
      // The feed speaks when something changed: a trade, or the book alone, which moves its time and nothing else.
      const bookMoved = this.#book() < 0.6;
      if (changed || bookMoved) this.#emit(secondMs + offset, emit);
      changed = false;
    }
    tradeUntil(SECOND_MS);
  }

  #auction(secondMs: number, emit: (snapshot: Snapshot) => void): void {
    this.#walk();
    this.#trade(this.#auctionAtMs!, this.#mid * this.#tick, 1 + Math.floor(this.#size * 500));
    this.#emit(secondMs + SECOND_MS - 1, emit);
  }

  #emit(atMs: number, emit: (snapshot: Snapshot) => void): void {
    // A packet is stamped with the whole second, so that is where a reader of packets puts it.
    const stampMs = Math.floor(atMs / SECOND_MS) * SECOND_MS;
    add(this.packetBars, this.#label(stampMs), this.#price, 1);
    emit(this.snapshot(atMs));
  }

  #walk(): void {
    const random = this.#trading;
    const draw = random();
    const step = draw < 0.0005 ? Math.round(6 * normal(random)) : draw < 0.2 ? 1 : draw < 0.4 ? -1 : 0;
    const next = this.#mid + step;
    if ((next + 1) * this.#tick < this.circuits.upper && next * this.#tick > this.circuits.lower) this.#mid = next;
  }

  #trade(atMs: number, price: number, quantity: number): void {
    this.#price = price;
    this.#lastQuantity = quantity;
    this.#volume += quantity;
    this.#turnover += price * quantity;
    this.#lastTradeMs = atMs;
    if (this.#dayOpen === 0) this.#dayOpen = price;
    this.#dayHigh = Math.max(this.#dayHigh, price);
    this.#dayLow = this.#dayLow === 0 ? price : Math.min(this.#dayLow, price);
    if (atMs >= this.session.openMs) add(this.trueBars, this.#label(atMs), price, quantity);
  }

  /** The candle that a time belongs to: its minute, or the auction's. */
  #label(ms: number): number {
    const { auction } = this.session;
    return auction !== undefined && ms >= auction.fromMs && ms < auction.toMs ? auction.labelMs : Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  }
}
