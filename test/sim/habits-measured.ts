/**
 * Measures the simulator's frames, as sent and decoded, in the way in which the figures of docs/feed-behaviour.md were
 * measured on published recordings of the real feed.
 */
import { decode } from '../../src/broker/angel/frames.js';
import type { SubscriptionMode } from '../../src/broker/broker.js';
import type { Listing } from '../../src/market/instrument.js';
import { BEST_FIVE_ROWS, FIELD, Packet, type PacketField } from '../../src/market/packet.js';
import { DAY_MS, istDate, istMs, type TradingSession } from '../../src/market/session.js';
import { Broadcast } from '../../src/sim/broadcast.js';
import { MEASURED, type HabitName, type Habits } from '../../src/sim/habits/catalogue.js';
import { InstrumentDay } from '../../src/sim/instrument-day.js';
import { Market } from '../../src/sim/market.js';
import { VirtualClock } from '../../src/stepped/virtual-clock.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';
import { niftyFifty } from '../../src/run/universe.js';

/** A day without the closing auction, as those of the recordings. */
const DATE = '2026-07-20';
const LISTINGS = niftyFifty();
const SEED = 1;
/** Of market time. */
const STEP_MS = 10;

export interface Frame {
  readonly token: string;
  /** Of receipt, market time. */
  readonly atMs: number;
  readonly isCached: boolean;
  readonly exchangeMs: number;
  readonly sequence: number;
  readonly price: number;
  /** In Quote and SnapQuote mode; else of an earlier frame. */
  readonly volume: number;
  readonly quantity: number;
  readonly levels: readonly string[];
}

/** By habits, date and number of listings. */
const markets = new Map<Habits, Map<string, Market>>();

/** A market at `startMs`, an earlier one advanced where possible: to make one takes seconds for a day. */
function marketAt(date: string, startMs: number, listings: readonly Listing[], habits: Habits): Market {
  const known = markets.get(habits) ?? new Map<string, Market>();
  markets.set(habits, known);
  const key = `${date} ${listings.length}`;
  const before = known.get(key);
  if (before !== undefined && before.nowMs <= startMs) {
    before.advance(startMs, () => undefined);
    return before;
  }
  const made = new Market({ seed: SEED, listings, calendar: shippedCalendar(), startMs, habits });
  known.set(key, made);
  return made;
}

/** All frames of one subscription to `listings`, from `from` for `seconds`. */
export function framesOf(options: {
  readonly mode: SubscriptionMode;
  readonly from: string;
  readonly seconds: number;
  readonly listings?: readonly Listing[];
  readonly habits?: Habits;
  readonly date?: string;
}): Frame[] {
  const { mode, from, seconds, listings = LISTINGS, habits = MEASURED, date = DATE } = options;
  const startMs = istMs(date, from);
  const clock = new VirtualClock(startMs);
  const market = marketAt(date, startMs, listings, habits);
  const feed = new Broadcast(market, clock);
  const frames: Frame[] = [];
  const packet = new Packet();
  const number = (field: PacketField): number => packet.number(field);
  const seen = new Set<string>();
  const receiver = {
    sendPacket: (bytes: Uint8Array): void => {
      if (decode(bytes, packet) !== undefined) throw new Error('the simulator sends an invalid frame');
      const token = String(packet.tokenNumber);
      frames.push({
        token,
        atMs: clock.marketMs(),
        isCached: !seen.has(token),
        exchangeMs: number(FIELD.exchangeMs),
        sequence: number(FIELD.sequence),
        price: number(FIELD.price),
        volume: number(FIELD.volume),
        quantity: number(FIELD.lastQuantity),
        levels: Array.from({ length: BEST_FIVE_ROWS }, (_, row) =>
          [packet.bestOrders[row], ...packet.bestWords.subarray(4 * row, 4 * row + 4)].join(' '),
        ),
      });
      seen.add(token);
    },
  };
  for (const { token, exchangeType } of listings) feed.subscribe(receiver, { mode, exchangeType, token });
  for (let ms = startMs; ms <= startMs + 1000 * seconds; ms += STEP_MS) {
    while (clock.dueMs <= ms) clock.fireNext();
    clock.moveTo(ms);
    market.advance(ms, (index, one, modes) => feed.publish(index, one, modes));
  }
  return frames;
}

const byToken = (frames: readonly Frame[]): Frame[][] => {
  const by = new Map<string, Frame[]>();
  for (const frame of frames) {
    const own = by.get(frame.token);
    if (own === undefined) by.set(frame.token, [frame]);
    else own.push(frame);
  }
  return [...by.values()];
};

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
const share = (values: readonly boolean[]): number => values.filter((one) => one).length / values.length;
const pairsOf = (frames: readonly Frame[]): (readonly [Frame, Frame])[] =>
  frames.slice(1).map((frame, k) => [frames[k], frame] as const);

/** Live frames a second of a token, after its cached one. */
function rateOf(frames: readonly Frame[], seconds: number, tokens: number): number {
  return frames.filter(({ isCached }) => !isCached).length / seconds / tokens;
}

/** Share of the live packets whose price is that of the token's packet before. */
function repeatsOf(frames: readonly Frame[]): number {
  return share(byToken(frames).flatMap((own) => pairsOf(own).map(([a, b]) => a.price === b.price)));
}

/** Most live packets of a token within 4 s: the mean of the five busiest. */
function busiestOf(frames: readonly Frame[]): number {
  const counts = byToken(frames).map((own) => {
    const live = own.filter(({ isCached }) => !isCached);
    return Math.max(
      ...live.map(
        (first) => live.filter(({ atMs }) => atMs >= first.atMs && atMs < first.atMs + 4000).length,
      ),
    );
  });
  return mean(counts.sort((a, b) => b - a).slice(0, 5));
}

/** Share of the packets with a trade that have another price and quantity than the one before, and its volume. */
function priceFirstOf(frames: readonly Frame[]): number {
  const pairs = byToken(frames).flatMap((own) => pairsOf(own));
  const isFirst = ([a, b]: readonly [Frame, Frame]): boolean =>
    a.volume === b.volume && a.price !== b.price && a.quantity !== b.quantity;
  const first = pairs.filter(isFirst).length;
  return first / (first + pairs.filter(([a, b]) => a.price !== b.price && a.volume !== b.volume).length);
}

/** Share of a book's rows that are in the token's packet before, in any row. */
function bookOf(frames: readonly Frame[]): number {
  const repeated = byToken(frames).flatMap((own) =>
    pairsOf(own).flatMap(([a, b]) => b.levels.map((level) => a.levels.includes(level))),
  );
  return share(repeated);
}

/** Numbers a second between the first and the last frame. */
function sequenceRateOf(frames: readonly Frame[]): number {
  const live = frames.filter(({ isCached }) => !isCached);
  const [first, last] = [live[0], live[live.length - 1]];
  return (1000 * (last.sequence - first.sequence)) / (last.atMs - first.atMs);
}

/** Length of the longest order that both have, as a share of the tokens that both have. */
function fixedOrderOf(first: readonly string[], second: readonly string[]): number {
  let row = new Array<number>(second.length + 1).fill(0);
  for (const token of first) {
    const next = [0];
    for (const [k, other] of second.entries())
      next.push(token === other ? row[k] + 1 : Math.max(row[k + 1], next[k]));
    row = next;
  }
  return row[second.length] / new Set(first.filter((token) => second.includes(token))).size;
}

/** A figure of the simulator next to that of the recordings. */
export interface Figure {
  readonly name: string;
  readonly habit: HabitName;
  /** Undefined if no one measured it. */
  readonly real: number | undefined;
  /** What the recordings show, in words. */
  readonly evidence: string;
  readonly digits: number;
  readonly value: number;
}

const figure = (
  habit: HabitName,
  [name, real, evidence]: readonly [string, number | undefined, string],
  value: number,
  digits = 0,
): Figure => ({ name, habit, real, evidence, digits, value });

/** Of SnapQuote frames of six liquid tokens. */
function fullFigures(habits: Habits): Figure[] {
  const [seconds, listings] = [1200, LISTINGS.slice(0, 6)];
  const frames = framesOf({ mode: 3, from: '11:00', seconds, listings, habits });
  return [
    figure('rate', ['SnapQuote packets a second of a token', 1.53, 'fact 1, of 2 to 6 liquid tokens'], rateOf(frames, seconds, listings.length), 2),
    figure('price-first', ['price moves without the volume, %', undefined, 'fact 4, one of three; 5 is chosen'], 100 * priceFirstOf(frames), 1),
    figure('book', ['levels of the book that stay, %', undefined, 'not measured'], 100 * bookOf(frames)),
  ]; // prettier-ignore
}

/** Frames of 50 tokens in LTP mode, before the close. */
const LTP_FROM = '15:13:48';
const LTP_SECONDS = 300;

/** Of LTP frames of 50 tokens. */
function ltpFigures(frames: readonly Frame[]): Figure[] {
  const live = frames.filter(({ isCached }) => !isCached);
  const whole = share(frames.map(({ exchangeMs }) => exchangeMs % 1000 === 0));
  const back = pairsOf(live).filter(([a, b]) => b.sequence <= a.sequence).length;
  return [
    figure('ltp-rate', ['LTP packets a second of a token', 0.71, 'fact 1, of 51 tokens'], rateOf(frames, LTP_SECONDS, LISTINGS.length), 2),
    figure('repeats', ['LTP packets that repeat the price, %', 55, 'fact 2, 79 of 144'], 100 * repeatsOf(frames)),
    figure('stamps', ['stamps in session in whole seconds, %', 100, 'fact 6, 850 of 850'], 100 * whole),
    figure('sequence', ['sequence numbers a second', 664, 'fact 7; 886 from 09:17'], sequenceRateOf(frames)),
    figure('sequence', ['steps back of the sequence', 0, 'fact 7, none in 391'], back),
  ]; // prettier-ignore
}

const FIRST_SECONDS = 6;

/** Of the first seconds after a subscription to 50 tokens, at several times. */
function firstFigures(starts: readonly Frame[][], morning: readonly Frame[]): Figure[] {
  const cached = starts.map((frames) => frames.filter(({ isCached }) => isCached));
  const ages = cached.flat().map(({ atMs, exchangeMs }) => Math.floor(atMs / 1000) - exchangeMs / 1000);
  const back = cached.map((frames) => share(pairsOf(frames).map(([a, b]) => b.sequence < a.sequence)));
  const soon = cached.map((frames) => share(frames.map(({ atMs }) => atMs - frames[0].atMs <= 1000)));
  return [
    figure('ltp-rate', ['packets in 4 s of the busiest tokens', 7, 'fact 1, 6 to 8'], mean(starts.map(busiestOf)), 1),
    figure('cached-age', ['age of the oldest cached packet, s', 6, 'fact 8'], Math.max(...ages)),
    figure('cached-within', ['cached packets that step back in sequence, %', 50, 'fact 8, in no order'], 100 * mean(back)),
    figure('cached-within', ['tokens answered within a second, %', 94, 'fact 8, 44 to 49 of 50'], 100 * mean(soon)),
    figure('morning', ['first packets in the morning with ms, %', 100, 'fact 6, 50 of 50'], 100 * share(morning.map(({ exchangeMs }) => exchangeMs % 1000 !== 0))),
  ]; // prettier-ignore
}

/** Shares of the tokens at the close of one date. */
function closeOf(date: string, habits: Habits): Record<'twice' | 'ordered' | 'moved' | 'official', number> {
  const closeMs = istMs(date, '15:30');
  const frames = framesOf({ mode: 1, from: '15:29:40', seconds: 380, habits, date });
  const [zero, one] = [closeMs, closeMs + 1000].map((ms) =>
    frames.filter(({ exchangeMs }) => exchangeMs === ms),
  );
  const [first, second] = [zero, one].map((own) => own.map(({ token }) => token));
  const moved = byToken([...zero, ...one]).filter((own) => own.some(({ price }) => price !== own[0].price));
  const official = byToken(frames).filter((own) => {
    const session = own.filter(({ exchangeMs }) => exchangeMs < closeMs + 2000);
    return session[session.length - 1].price !== own[own.length - 1].price;
  });
  return {
    twice: new Set(first.filter((token) => second.includes(token))).size / LISTINGS.length,
    ordered: Math.min(1, fixedOrderOf(first, second)),
    moved: moved.length / LISTINGS.length,
    official: official.length / LISTINGS.length,
  };
}

/** Of the minutes around the close of three dates. */
function closingFigures(habits: Habits): Figure[] {
  const days = ['2026-07-16', '2026-07-17', DATE].map((date) => closeOf(date, habits));
  const of = (key: keyof (typeof days)[number]): number => 100 * mean(days.map((day) => day[key]));
  return [
    figure('cycle', ['tokens published at 15:30:00 and at 15:30:01, %', 91, 'fact 2, 43 of 47'], of('twice')),
    figure('cycle', ['of these in one order, %', 100, 'fact 2'], of('ordered')),
    figure('delay', ['tokens that change their price in these, %', 8.5, 'fact 3, 4 of 47'], of('moved'), 1),
    figure('official-close', ['tokens with another last price at 15:35:52, %', 98, 'fact 5, 45 of 46'], of('official')),
  ]; // prettier-ignore
}

/** Longest time, s, from a trade to the first SnapQuote packet that counts it. */
function delayFigure(habits: Habits): Figure {
  const listings = LISTINGS.slice(0, 1);
  const options = { mode: 3, from: '11:00', seconds: 1200, listings } as const;
  const frames = framesOf({ ...options, habits: { ...habits, 'price-first': undefined } });
  const trades: { ms: number; volume: number }[] = [];
  const { session, previousDate } = sessionOf(DATE);
  let volume = 0;
  const day = new InstrumentDay({
    ...{ seed: SEED, listing: listings[0], session, previousDate, slot: 0, slotsPerFrame: 175, habits },
    onTrade: (ms, _price, quantity) => trades.push({ ms, volume: (volume += quantity) }),
  });
  day.run(istMs(DATE, '11:21'));
  const late = frames.map(({ atMs, volume: shown }) => {
    const hidden = trades.find((trade) => trade.volume > shown);
    return hidden === undefined ? 0 : (atMs - hidden.ms) / 1000;
  });
  return figure('delay', ['longest delay of a trade, s', 1.5, 'fact 3'], Math.max(...late), 2);
}

/** The session of a date, and the trading date before. */
function sessionOf(date: string): { session: TradingSession; previousDate: string } {
  const day = shippedCalendar().of('NSE').day(date, true);
  if (day.kind === 'shut') throw new Error(day.reason);
  let previousDate = date;
  do previousDate = istDate(istMs(previousDate, '00:00') - DAY_MS);
  while (shippedCalendar().of('NSE').day(previousDate, true).kind === 'shut');
  return { session: day.session, previousDate };
}

/** All figures, of a market with these habits. */
export function figuresOf(habits: Habits = MEASURED): Figure[] {
  // In the order of time: they share a market.
  const morning = framesOf({ mode: 1, from: '08:00', seconds: 2, habits });
  const starts = ['11:00:10', '12:41:03', '14:13:48'].map((from) =>
    framesOf({ mode: 1, from, seconds: FIRST_SECONDS, habits }),
  );
  const ltp = framesOf({ mode: 1, from: LTP_FROM, seconds: LTP_SECONDS, habits });
  const untilMs = istMs(DATE, LTP_FROM) + 1000 * FIRST_SECONDS;
  starts.push(ltp.filter(({ atMs }) => atMs <= untilMs));
  return [
    ...fullFigures(habits),
    ...ltpFigures(ltp),
    ...firstFigures(starts, morning),
    ...closingFigures(habits),
    delayFigure(habits),
  ];
}
