/** The gates that look at the feed: is it there, does it answer, does it tick, how late is it, did it make candles. Pure. */
import type { Gate } from './gate.js';
import { named } from '../text/named.js';
import { count } from '../text/count.js';
import { secondsText } from '../text/duration.js';
import type { Facts, SymbolFacts } from './facts.js';

/** Market ms after which a last tick is old. */
export const FRESH_MS = 15_000;
/** A symbol is mute rather than quiet when its last tick is so many of its own usual intervals old. */
const MUTE_INTERVALS = 5;
/** Share of the run that may be spent without a connection. */
const DISCONNECTED_SHARE = 0.05;
/** Market ms: the promise of the feed; a stamp is a whole second, which adds up to as much. */
const LAG_MS = 1000;
const STAMP_MS = 1000;
/**
 * In an accelerated market a real hiccup of this machine counts many times over. Real ms beyond which a lag is told, and beyond which
 * it is no hiccup any more.
 */
const HICCUP_MS = 50;
const STALL_MS = 1000;
/** Market ms: a lag below zero by more than this says that our clock is behind. */
const SKEW_MS = 2000;

function connectedGate({ feed }: Facts): Gate {
  const expected = 'connected throughout; a gap is at most 5 % of the run';
  const { connected, connections, disconnects, openForMs, disconnectedMs } = feed;
  const last = disconnects.at(-1);
  const observed = `${count(connections, 'connection')}, open ${secondsText(openForMs - disconnectedMs)} of ${secondsText(openForMs)}${last === undefined ? '' : `, last ended by ${last.cause}`}`;
  if (connections === 0)
    return {
      id: 'connected',
      status: 'fail',
      observed: 'never connected',
      expected,
      remedy: last?.sentence ?? 'The feed was never open.',
    };
  if (!connected)
    return {
      id: 'connected',
      status: 'fail',
      observed: `${observed}; not connected at the end`,
      expected,
      remedy: last?.sentence ?? 'The feed is closed.',
    };
  if (disconnectedMs > openForMs * DISCONNECTED_SHARE) {
    return {
      id: 'connected',
      status: 'fail',
      observed,
      expected,
      remedy: `Too much of the run passed without the feed. ${last?.sentence ?? ''}`.trim(),
    };
  }
  if (disconnects.length > 0)
    return { id: 'connected', status: 'warn', observed, expected, remedy: last!.sentence };
  return { id: 'connected', status: 'pass', observed, expected };
}

function subscribedGate({ feed, symbols, finished }: Facts): Gate {
  const expected = `every token answered by a packet within ${secondsText(feed.answerMs)}, no error reply`;
  const silent = symbols.filter(
    ({ answeredAfterMs }) => answeredAfterMs === undefined || answeredAfterMs > feed.answerMs,
  );
  const slowest = Math.max(0, ...symbols.map(({ answeredAfterMs }) => answeredAfterMs ?? 0));
  const observed = `${symbols.length - silent.length} of ${count(symbols.length, 'symbol')} answered, the slowest after ${secondsText(slowest, 2)}${feed.errors.length > 0 ? `, ${count(feed.errors.length, 'error reply', 'error replies')}` : ''}`;
  if (feed.errors.length > 0) {
    const { code, message } = feed.errors[0];
    return {
      id: 'subscribed',
      status: 'fail',
      observed,
      expected,
      remedy: `The broker answered ${code}: ${message}`,
    };
  }
  if (feed.subscribedForMs === undefined)
    return {
      id: 'subscribed',
      status: 'fail',
      observed: 'nothing was subscribed',
      expected,
      remedy: 'There was no connection to subscribe on.',
    };
  if (silent.length === 0) return { id: 'subscribed', status: 'pass', observed, expected };
  if (!finished && feed.subscribedForMs < feed.answerMs)
    return { id: 'subscribed', status: 'skip', observed: `${observed}; still waiting`, expected };
  return {
    id: 'subscribed',
    status: 'fail',
    observed,
    expected,
    remedy: `No answer in time for ${named(silent.map(({ symbol, token }) => `${symbol} (${token})`))}: a wrong token or a mute feed is answered with silence.`,
  };
}

function tickingGate({ symbols }: Facts): Gate {
  const expected = 'a tick of every symbol in session';
  const silent = symbols.filter(({ figures }) => figures.ticks === 0).map(({ symbol }) => symbol);
  const ticks = symbols.reduce((sum, { figures }) => sum + figures.ticks, 0);
  const observed = `${count(ticks, 'tick')}, ${symbols.length - silent.length} of ${count(symbols.length, 'symbol')} ticking`;
  if (silent.length === 0) return { id: 'ticking', status: 'pass', observed, expected };
  return {
    id: 'ticking',
    status: 'fail',
    observed,
    expected,
    remedy: `Never a tick of ${named(silent)}: suspended, a wrong token, or a mute feed.`,
  };
}

/** Market ms between ticks of a symbol, on average over the run; Infinity with fewer than two. */
function usualInterval({ figures }: SymbolFacts, ranMs: number): number {
  return figures.ticks < 2 ? Infinity : ranMs / figures.ticks;
}

function freshGate({ symbols, market, duration }: Facts): Gate {
  const expected = `a last tick less than ${secondsText(FRESH_MS)} old, in session`;
  const { timeMs } = market;
  if (timeMs === undefined)
    return {
      id: 'fresh',
      status: 'fail',
      observed: 'no packet at all',
      expected,
      remedy: 'The feed is mute: see gate connected and subscribed.',
    };
  if (!market.inContinuous)
    return {
      id: 'fresh',
      status: 'skip',
      observed: 'trading is not continuous at the end of the run',
      expected,
    };
  const aged = symbols.map((symbol) => ({
    symbol,
    ageMs: symbol.figures.lastTickMs === undefined ? Infinity : timeMs - symbol.figures.lastTickMs,
  }));
  const old = aged.filter(({ ageMs }) => ageMs >= FRESH_MS);
  const newest = Math.min(...aged.map(({ ageMs }) => ageMs));
  const oldest = Math.max(...aged.map(({ ageMs }) => ageMs));
  const observed = Number.isFinite(newest)
    ? `ticks are ${secondsText(newest)}${symbols.length > 1 && Number.isFinite(oldest) ? ` to ${secondsText(oldest)}` : ''} old`
    : 'no tick at all';
  if (old.length === 0) return { id: 'fresh', status: 'pass', observed, expected };
  const ranMs = duration.ranMin * 60_000;
  const mute = old.filter(
    ({ symbol, ageMs }) =>
      ageMs >= MUTE_INTERVALS * usualInterval(symbol, ranMs) || newest >= FRESH_MS || !Number.isFinite(ageMs),
  );
  const names = named(
    old.map(
      ({ symbol, ageMs }) => `${symbol.symbol} (${Number.isFinite(ageMs) ? secondsText(ageMs) : 'never'})`,
    ),
  );
  if (mute.length === 0)
    return {
      id: 'fresh',
      status: 'warn',
      observed,
      expected,
      remedy: `Quiet, as they were all along: ${names}.`,
    };
  return {
    id: 'fresh',
    status: 'fail',
    observed,
    expected,
    remedy: `Old: ${names}; ${newest >= FRESH_MS ? 'the whole feed fell silent' : 'others go on, so their feed or their trading stopped'}.`,
  };
}

function lagGate({ lag, speed, market }: Facts): Gate {
  const allowedMs = LAG_MS + STAMP_MS + (speed > 1 ? HICCUP_MS * speed : 0);
  const expected = `receive minus exchange time, p99 <= ${secondsText(allowedMs, 2)} of market time (stamps are whole seconds, so up to 1 s of it is no lag)`;
  if (lag === undefined && !market.inContinuous)
    return { id: 'lag', status: 'skip', observed: 'no live packet, and trading is not continuous', expected };
  if (lag === undefined)
    return {
      id: 'lag',
      status: 'fail',
      observed: 'no live packet to measure',
      expected,
      remedy: 'The feed is mute: see gate connected and subscribed.',
    };
  // A packet cannot arrive before it is sent: below zero our clock is behind, and by so much all lags are too small. A clock that was
  // only given by hand says nothing of a constant lag either way: the least lag is its skew.
  const skewMs = lag.p1Ms < 0 || market.clockByHand ? lag.p1Ms : 0;
  const p50 = lag.p50Ms - skewMs;
  const p99 = lag.p99Ms - skewMs;
  const skew = market.clockByHand
    ? `the given market clock is off by ${secondsText(skewMs)}`
    : skewMs < -SKEW_MS
      ? `our clock is behind by at least ${secondsText(-skewMs)}`
      : 'no clock skew seen';
  const observed = `p50 ${secondsText(p50)}, p99 ${secondsText(p99)}, ${skew}`;
  if (p99 > allowedMs) {
    const remedy = market.clockByHand
      ? 'Some packets came much later than the promptest ones: the feed stalls, or this machine is too busy.'
      : `The feed is late, or this machine's clock is ahead of the exchange's by up to ${secondsText(Math.max(0, lag.p1Ms))}: check its time service.`;
    if (speed > 1 && p99 <= LAG_MS + STAMP_MS + STALL_MS * speed) {
      return {
        id: 'lag',
        status: 'warn',
        observed,
        expected,
        remedy: `At ${speed} times real time this is less than a second of this machine's, which may just be busy.`,
      };
    }
    return { id: 'lag', status: 'fail', observed, expected, remedy };
  }
  if (skewMs < -SKEW_MS && !market.clockByHand)
    return {
      id: 'lag',
      status: 'warn',
      observed,
      expected,
      remedy: "This machine's clock is behind the exchange's: minutes are not affected, but set it right.",
    };
  return { id: 'lag', status: 'pass', observed, expected };
}

function candlesGate({ symbols, market, interrupted }: Facts): Gate {
  const expected = 'a whole minute sealed for every symbol, once two boundaries have passed';
  const without = symbols.filter(({ whole }) => whole === 0).map(({ symbol }) => symbol);
  const sum = (pick: (symbol: SymbolFacts) => number): number =>
    symbols.reduce((total, symbol) => total + pick(symbol), 0);
  const revised = sum(({ revisions }) => revisions);
  const observed = `${count(
    sum(({ whole }) => whole),
    'whole candle',
  )} of ${symbols.length - without.length} of ${count(symbols.length, 'symbol')}, ${sum(({ partial }) => partial)} partial${revised > 0 ? `, ${count(revised, 'revision')} by late ticks` : ''}`;
  const hours =
    market.hoursUnknown === undefined
      ? undefined
      : `The session's hours are assumed: ${market.hoursUnknown}.`;
  const fallen = symbols.filter(({ figures }) => figures.reseeds > 0).map(({ symbol }) => symbol);
  if (without.length === 0 && fallen.length > 0) {
    return {
      id: 'candles',
      status: 'warn',
      observed,
      expected,
      remedy: `The day's volume fell in packets of ${named(fallen)}: the volume of the minutes around it may be wrong.`,
    };
  }
  if (without.length === 0)
    return hours === undefined
      ? { id: 'candles', status: 'pass', observed, expected }
      : { id: 'candles', status: 'warn', observed, expected, remedy: hours };
  if (market.boundaries < 2) {
    const early = {
      id: 'candles',
      observed: `${observed}; ${count(market.boundaries, 'boundary', 'boundaries')} passed`,
      expected,
    } as const;
    return interrupted || !market.inContinuous
      ? { ...early, status: 'skip' }
      : { ...early, status: 'warn', remedy: 'Too short a run for a whole minute of every symbol.' };
  }
  return {
    id: 'candles',
    status: 'fail',
    observed,
    expected,
    remedy: `No whole candle of ${named(without)}: silent, or every minute touched by a gap.`,
  };
}

/** The gates of the feed, in order. */
export function feedGates(facts: Facts): Gate[] {
  return [
    connectedGate(facts),
    subscribedGate(facts),
    tickingGate(facts),
    freshGate(facts),
    lagGate(facts),
    candlesGate(facts),
  ];
}
