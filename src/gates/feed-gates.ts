/** Gates of the feed: connection, answers, ticks, freshness, lag. Pure. */
import { count } from '../text/count.js';
import { secondsText } from '../text/duration.js';
import { named } from '../text/named.js';
import { FRESH_MS } from './bounds.js';
import type { Facts, SymbolFacts } from './facts.js';
import type { Gate, Judgement } from './gate.js';

/** From this multiple of the symbol's mean interval on, an old tick is a fault, not a quiet symbol. */
const MUTE_INTERVALS = 5;
/** Share of the run that may pass without a connection. */
const MAX_DISCONNECTED_SHARE = 0.05;
/** The broker promises a lag under this, market ms. */
const PROMISED_LAG_MS = 1000;
/** Exchange timestamps are whole seconds, which adds up to this to a measured lag. */
const TIMESTAMP_STEP_MS = 1000;
/**
 * Speed multiplies a real delay of this machine. Real ms not counted as lag, and real ms up to which an excess is a
 * warning.
 */
const HICCUP_MS = 50;
const STALL_MS = 1000;
/** A lag more negative than this, market ms, means that our clock is slow. */
const MAX_SKEW_MS = 2000;

function judgeConnected({ feed }: Facts): Judgement {
  const expected = 'connected throughout; a gap is at most 5 % of the run';
  const { connected, connections, disconnects, openForMs, disconnectedMs } = feed;
  const last = disconnects.at(-1);
  const observed =
    `${count(connections, 'connection')}, open ${secondsText(openForMs - disconnectedMs)} of ${secondsText(openForMs)}` +
    (last === undefined ? '' : `, last ended by ${last.cause}`);
  if (connections === 0)
    return {
      status: 'fail',
      observed: 'never connected',
      expected,
      remedy: last?.sentence ?? 'The feed was never open.',
    };
  if (!connected)
    return {
      status: 'fail',
      observed: `${observed}; not connected at the end`,
      expected,
      remedy: last?.sentence ?? 'The feed is closed.',
    };
  if (disconnectedMs > openForMs * MAX_DISCONNECTED_SHARE)
    return {
      status: 'fail',
      observed,
      expected,
      remedy: `Too much of the run passed without the feed. ${last?.sentence ?? ''}`.trim(),
    };
  if (disconnects.length > 0) return { status: 'warn', observed, expected, remedy: last!.sentence };
  return { status: 'pass', observed, expected };
}

function judgeSubscribed({ feed, symbols, finished }: Facts): Judgement {
  const expected = `every token answered by a packet within ${secondsText(feed.answerMs)}, no error reply`;
  const silent = symbols.filter(
    ({ answeredAfterMs }) => answeredAfterMs === undefined || answeredAfterMs > feed.answerMs,
  );
  const slowestMs = Math.max(0, ...symbols.map(({ answeredAfterMs }) => answeredAfterMs ?? 0));
  const errors = feed.errors.length;
  const observed =
    `${symbols.length - silent.length} of ${count(symbols.length, 'symbol')} answered, ` +
    `the slowest after ${secondsText(slowestMs, 2)}` +
    (errors > 0 ? `, ${count(errors, 'error reply', 'error replies')}` : '');
  if (errors > 0) {
    const { code, message } = feed.errors[0];
    return { status: 'fail', observed, expected, remedy: `The broker answered ${code}: ${message}` };
  }
  if (feed.subscribedForMs === undefined)
    return {
      status: 'fail',
      observed: 'nothing was subscribed',
      expected,
      remedy: 'There was no connection to subscribe on.',
    };
  if (silent.length === 0) return { status: 'pass', observed, expected };
  if (!finished && feed.subscribedForMs < feed.answerMs)
    return { status: 'skip', observed: `${observed}; still waiting`, expected };
  const names = named(silent.map(({ symbol, token }) => `${symbol} (${token})`));
  return {
    status: 'fail',
    observed,
    expected,
    remedy: `No answer in time for ${names}: the token is wrong, or the feed is mute.`,
  };
}

function judgeTicking({ symbols }: Facts): Judgement {
  const expected = 'a tick of every symbol in session';
  const silent = symbols
    .filter(({ figures, opened }) => figures.ticks === 0 && opened)
    .map(({ symbol }) => symbol);
  const ticks = symbols.reduce((sum, { figures }) => sum + figures.ticks, 0);
  const observed = `${count(ticks, 'tick')}, ${symbols.length - silent.length} of ${count(symbols.length, 'symbol')} ticking`;
  if (silent.length === 0) return { status: 'pass', observed, expected };
  return {
    status: 'fail',
    observed,
    expected,
    remedy: `Never a tick of ${named(silent)}: suspended, a wrong token, or a mute feed.`,
  };
}

/** Mean market ms between ticks of a symbol over the run; Infinity with fewer than two. */
function meanIntervalMs({ figures }: SymbolFacts, ranMs: number): number {
  return figures.ticks < 2 ? Infinity : ranMs / figures.ticks;
}

function judgeFresh({ symbols, market, duration }: Facts): Judgement {
  const expected = `a last tick less than ${secondsText(FRESH_MS)} old, in session`;
  const { timeMs } = market;
  if (timeMs === undefined)
    return {
      status: 'fail',
      observed: 'no packet at all',
      expected,
      remedy: 'The feed is mute: see gates connected and subscribed.',
    };
  if (!market.inContinuous)
    return { status: 'skip', observed: 'trading is not continuous at the end of the run', expected };
  const trading = symbols.filter(({ inContinuous }) => inContinuous);
  const aged = trading.map((symbol) => ({
    symbol,
    ageMs: symbol.figures.lastTickMs === undefined ? Infinity : timeMs - symbol.figures.lastTickMs,
  }));
  const old = aged.filter(({ ageMs }) => ageMs >= FRESH_MS);
  const newestMs = Math.min(...aged.map(({ ageMs }) => ageMs));
  const oldestMs = Math.max(...aged.map(({ ageMs }) => ageMs));
  const range = trading.length > 1 && Number.isFinite(oldestMs) ? ` to ${secondsText(oldestMs)}` : '';
  const observed = Number.isFinite(newestMs)
    ? `ticks are ${secondsText(newestMs)}${range} old`
    : 'no tick at all';
  if (old.length === 0) return { status: 'pass', observed, expected };
  const ranMs = duration.ranMin * 60_000;
  // Packets without a trade show that the feed and the token are alive.
  const isSilent = ({ figures }: SymbolFacts): boolean => timeMs - (figures.lastPacketMs ?? 0) >= FRESH_MS;
  const mute = old.filter(
    ({ symbol, ageMs }) =>
      isSilent(symbol) &&
      (ageMs >= MUTE_INTERVALS * meanIntervalMs(symbol, ranMs) ||
        newestMs >= FRESH_MS ||
        !Number.isFinite(ageMs)),
  );
  const names = named(
    old.map(
      ({ symbol, ageMs }) => `${symbol.symbol} (${Number.isFinite(ageMs) ? secondsText(ageMs) : 'never'})`,
    ),
  );
  if (mute.length === 0)
    return {
      status: 'warn',
      observed,
      expected,
      remedy: `Quiet, as during the whole run or with packets of no trade: ${names}.`,
    };
  const why =
    newestMs >= FRESH_MS
      ? 'the whole feed fell silent'
      : 'other symbols tick, so their feed or their trading stopped';
  return { status: 'fail', observed, expected, remedy: `Old: ${names}; ${why}.` };
}

function judgeLag({ lag, speed, stepped, market }: Facts): Judgement {
  const allowedMs = PROMISED_LAG_MS + TIMESTAMP_STEP_MS + (speed > 1 ? HICCUP_MS * speed : 0);
  const expected =
    `receive minus exchange time, p99 <= ${secondsText(allowedMs, 2)} of market time ` +
    '(stamps are whole seconds, so up to 1 s of it is no lag)';
  if (stepped)
    return {
      status: 'skip',
      observed: 'at speed max time stands still until a packet has arrived',
      expected,
    };
  if (lag === undefined && !market.inContinuous)
    return { status: 'skip', observed: 'no live packet, and trading is not continuous', expected };
  if (lag === undefined)
    return {
      status: 'fail',
      observed: 'no live packet to measure',
      expected,
      remedy: 'The feed is mute: see gates connected and subscribed.',
    };
  // No packet arrives before it is sent, so a negative lag is how slow our clock is, and all lags are too small by
  // it. --market-clock has an unknown constant offset: the smallest lag is taken for it.
  const skewMs = lag.p1Ms < 0 || market.clockByHand ? lag.p1Ms : 0;
  const p50Ms = lag.p50Ms - skewMs;
  const p99Ms = lag.p99Ms - skewMs;
  const skew = market.clockByHand
    ? `the given market clock is off by ${secondsText(skewMs)}`
    : skewMs < -MAX_SKEW_MS
      ? `our clock is slow by at least ${secondsText(-skewMs)}`
      : 'no clock skew seen';
  const observed = `p50 ${secondsText(p50Ms)}, p99 ${secondsText(p99Ms)}, ${skew}`;
  if (p99Ms > allowedMs && speed > 1 && p99Ms <= PROMISED_LAG_MS + TIMESTAMP_STEP_MS + STALL_MS * speed)
    return {
      status: 'warn',
      observed,
      expected,
      remedy: `At ${speed} times real time this is less than a second of this machine's, which may just be busy.`,
    };
  if (p99Ms > allowedMs) {
    const remedy = market.clockByHand
      ? 'Some packets came much later than the promptest ones: the feed stalls, or this machine is too busy.'
      : `The feed is late, or this machine's clock is ahead of the exchange's by up to ${secondsText(Math.max(0, lag.p1Ms))}: check its time service.`;
    return { status: 'fail', observed, expected, remedy };
  }
  if (skewMs < -MAX_SKEW_MS && !market.clockByHand)
    return {
      status: 'warn',
      observed,
      expected,
      remedy:
        "This machine's clock is slow against the exchange's: minutes are not affected, but set it right.",
    };
  return { status: 'pass', observed, expected };
}

export const FEED_GATES = [
  { id: 'connected', title: () => 'WebSocket connected', live: true, judge: judgeConnected },
  {
    id: 'subscribed',
    title: (symbols) => `Subscribed to ${count(symbols, 'symbol')}`,
    live: true,
    judge: judgeSubscribed,
  },
  {
    id: 'ticking',
    title: (symbols) => (symbols === 1 ? 'Ticks received' : 'Ticks received for all symbols'),
    live: true,
    judge: judgeTicking,
  },
  { id: 'fresh', title: () => 'Ticks fresh', live: true, judge: judgeFresh },
  { id: 'lag', title: () => 'Feed on time', live: true, judge: judgeLag },
] as const satisfies readonly Gate[];
