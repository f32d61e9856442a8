/** The simulated market: all stocks of a day, moved on second by second, and the snapshots that are due. */
import type { CandleRow, VolumeKind } from '../market/candle.js';
import { priceScale, type Listing } from '../market/instrument.js';
import { DAY_MS, istDate, MINUTE_MS, type Calendar, type Session } from '../market/session.js';
import { Stock, type MinuteBar, type Snapshot } from './stock.js';

const SECOND_MS = 1000;
/** The segment's counter: about 700 a second over all its instruments, of which ours are a few (PROTOCOL.md 7). */
const QUANTUM_MS = 50;
const NUMBERS_A_QUANTUM = 35;
/** Minutes that warm-up has at least: the previous trading day lends what today lacks. */
const WARM_UP_MINUTES = 30;

export interface MarketOptions {
  readonly listings: readonly Listing[];
  readonly calendar: Calendar;
  readonly seed: number;
  /** Market time at which watching begins, epoch ms; the day before it has then happened. */
  readonly startMs: number;
}

function sessionOf(calendar: Calendar, date: string, listing: Listing): Session | undefined {
  const day = calendar.day(date, listing.derivatives);
  return day.kind === 'shut' ? undefined : day.session;
}

/** A bar as a candle in rupees. */
function rowOf(listing: Listing, bar: MinuteBar): CandleRow {
  const scale = priceScale(listing.exchangeType);
  const { symbol, exchange } = listing;
  return { symbol, exchange, timestampMs: bar.startMs, open: bar.open / scale, high: bar.high / scale, low: bar.low / scale, close: bar.close / scale, volume: bar.volume };
}

export class SimulatedMarket {
  readonly stocks: readonly Stock[];
  readonly #options: MarketOptions;
  readonly #byToken = new Map<string, Stock>();
  /** The last snapshot of each stock: what a subscriber is answered with. */
  readonly #last = new Map<Stock, Snapshot>();
  readonly #index: ReadonlyMap<Stock, number>;
  readonly #numbers: number;
  #queue: Snapshot[] = [];
  #nextSecondMs: number;

  /** Lives through the day up to `startMs` at once. On a day without a session nothing is ever traded. */
  constructor(options: MarketOptions) {
    this.#options = options;
    const { listings, calendar, seed, startMs } = options;
    const date = istDate(startMs);
    this.stocks = listings.flatMap((listing) => {
      const session = sessionOf(calendar, date, listing);
      return session === undefined ? [] : [new Stock(listing, session, seed)];
    });
    this.#index = new Map(this.stocks.map((stock, index) => [stock, index]));
    this.#numbers = Math.max(NUMBERS_A_QUANTUM, this.stocks.length);
    for (const stock of this.stocks) {
      this.#byToken.set(`${stock.listing.exchangeType} ${stock.listing.token}`, stock);
      const preOpen = stock.snapshot(stock.session.openMs - 5 * MINUTE_MS);
      this.#last.set(stock, this.#numbered(preOpen));
    }
    this.#nextSecondMs = Math.min(Math.floor(startMs / SECOND_MS) * SECOND_MS, ...this.stocks.map(({ session }) => session.openMs));
    this.#skipTo(startMs);
  }

  /** What happened before the first watcher: remembered, not sent. */
  #skipTo(ms: number): void {
    const untilMs = Math.floor(ms / SECOND_MS) * SECOND_MS;
    for (const stock of this.stocks) {
      let last: Snapshot | undefined;
      for (let second = this.#nextSecondMs; second < untilMs; second += SECOND_MS) stock.second(second, (snapshot) => (last = snapshot));
      if (last !== undefined) this.#last.set(stock, this.#numbered(last));
    }
    this.#nextSecondMs = Math.max(this.#nextSecondMs, untilMs);
  }

  /** Numbers rise with time for all stocks together, whoever is watched. */
  #numbered(snapshot: Snapshot): Snapshot {
    const quantum = Math.floor((snapshot.atMs - (snapshot.stock.session.openMs - 15 * MINUTE_MS)) / QUANTUM_MS);
    snapshot.sequence = quantum * this.#numbers + this.#index.get(snapshot.stock)! + 1;
    return snapshot;
  }

  /** Moves on to market time `toMs` and hands over every snapshot taken until then, in order of sequence. */
  advance(toMs: number, deliver: (snapshot: Snapshot) => void): void {
    for (;;) {
      let due = 0;
      while (due < this.#queue.length && this.#queue[due].atMs <= toMs) {
        const snapshot = this.#queue[due++];
        this.#last.set(snapshot.stock, snapshot);
        deliver(snapshot);
      }
      this.#queue = this.#queue.slice(due);
      if (this.#queue.length > 0 || this.#nextSecondMs > toMs) return;
      for (const stock of this.stocks) stock.second(this.#nextSecondMs, (snapshot) => void this.#queue.push(this.#numbered(snapshot)));
      this.#queue.sort((a, b) => a.sequence - b.sequence);
      this.#nextSecondMs += SECOND_MS;
    }
  }

  /** The stock of a token, if it is listed here. */
  find(exchangeType: number, token: string): Stock | undefined {
    return this.#byToken.get(`${exchangeType} ${token}`);
  }

  findSymbol(symbol: string): Stock | undefined {
    return this.stocks.find(({ listing }) => listing.symbol === symbol);
  }

  /** The cached packet of a stock. */
  lastOf(stock: Stock): Snapshot {
    return this.#last.get(stock)!;
  }

  /** Candles of the true trades up to now, in rupees. */
  trueCandles(stock: Stock): CandleRow[] {
    return stock.trueBars.map((bar) => rowOf(stock.listing, bar));
  }

  /**
   * Whole candles from before the start, in rupees: of the true trades, or of LTP packets with their number as volume. When the day had
   * few minutes until then, the end of the previous trading day comes first.
   */
  history(stock: Stock, volumeKind: VolumeKind): CandleRow[] {
    const { startMs } = this.#options;
    const barsOf = (of: Stock): MinuteBar[] => (volumeKind === 'tick' ? of.packetBars : of.trueBars);
    const today = barsOf(stock).filter((bar) => bar.startMs + MINUTE_MS <= startMs);
    const before = today.length >= WARM_UP_MINUTES ? [] : barsOf(this.#yesterdayOf(stock)).slice(-WARM_UP_MINUTES);
    return [...before, ...today].map((bar) => rowOf(stock.listing, bar));
  }

  /** The stock's trading day before, lived through from its opening. */
  #yesterdayOf(stock: Stock): Stock {
    const { calendar, seed, startMs } = this.#options;
    for (let day = 1; ; day++) {
      const session = sessionOf(calendar, istDate(startMs - day * DAY_MS), stock.listing);
      if (session === undefined) continue;
      const past = new Stock(stock.listing, session, seed);
      for (let second = session.openMs; second < session.closeMs; second += SECOND_MS) past.second(second, () => undefined);
      return past;
    }
  }
}
