/** Facts that make each gate of the feed pass, warn, fail or be skipped. */
import { figures, firstSymbol, part, type GateCase } from './change.js';

const drop = {
  connection: 1,
  code: 1006,
  reason: '',
  cause: 'dropped',
  sentence: 'The connection was dropped.',
  livedMs: 1000,
  atMs: Date.UTC(2026, 10, 23, 5, 31),
};

export const FEED_CASES: readonly GateCase[] = [
  ['never connected', 'connected', 'fail', part('feed', { connections: 0, connected: false }), /never/],
  [
    'not connected at the end',
    'connected',
    'fail',
    part('feed', { connected: false, disconnects: [drop] }),
    /dropped/,
  ],
  [
    'six percent of the run without the feed',
    'connected',
    'fail',
    part('feed', { connections: 2, disconnects: [drop], disconnectedMs: 36_001 }),
    /Too much/,
  ],
  [
    'one short reconnect',
    'connected',
    'warn',
    part('feed', { connections: 2, disconnects: [drop], disconnectedMs: 800 }),
    /dropped/,
  ],
  [
    'a token that is never answered',
    'subscribed',
    'fail',
    firstSymbol((symbol) => ({ ...symbol, answeredAfterMs: undefined })),
    /RELIANCE \(2885\)/,
  ],
  [
    'a token answered too late',
    'subscribed',
    'fail',
    firstSymbol((symbol) => ({ ...symbol, answeredAfterMs: 10_001 })),
    /RELIANCE/,
  ],
  [
    'an error reply',
    'subscribed',
    'fail',
    part('feed', { errors: [{ code: 'E1002', message: 'Subscription Limit Exceeded' }] }),
    /E1002/,
  ],
  [
    'still waiting for an answer',
    'subscribed',
    'skip',
    (facts) => ({
      ...part('feed', { subscribedForMs: 9_000 })(
        firstSymbol((symbol) => ({ ...symbol, answeredAfterMs: undefined }))(facts),
      ),
      finished: false,
    }),
    /waiting/,
  ],
  ['a symbol without a tick', 'ticking', 'fail', figures({ ticks: 0, lastTickMs: undefined }), /RELIANCE/],
  [
    'one symbol silent for 15 s among live ones',
    'fresh',
    'fail',
    (facts) => {
      const lastMs = facts.market.timeMs! - 15_000;
      return figures({ lastTickMs: lastMs, lastPacketMs: lastMs })(facts);
    },
    /RELIANCE \(15.0 s\)/,
  ],
  [
    // Found in SnapQuote: trades come in bursts, and packets of the book continue in between.
    'one symbol without a trade for 60 s whose packets come',
    'fresh',
    'warn',
    (facts) => figures({ lastTickMs: facts.market.timeMs! - 60_000 })(facts),
    /packets of no trade: RELIANCE/,
  ],
  [
    'one symbol silent for 14.9 s',
    'fresh',
    'pass',
    (facts) => figures({ lastTickMs: facts.market.timeMs! - 14_900 })(facts),
    /./,
  ],
  [
    'a symbol that always ticks this rarely',
    'fresh',
    'warn',
    (facts) => figures({ ticks: 20, lastTickMs: facts.market.timeMs! - 20_000 })(facts),
    /Quiet/,
  ],
  [
    'the whole feed silent',
    'fresh',
    'fail',
    (facts) => ({
      ...facts,
      symbols: facts.symbols.map((s) => ({
        ...s,
        figures: {
          ...s.figures,
          lastTickMs: facts.market.timeMs! - 60_000,
          lastPacketMs: facts.market.timeMs! - 60_000,
        },
      })),
    }),
    /whole feed/,
  ],
  ['no packet at all', 'fresh', 'fail', part('market', { timeMs: undefined }), /mute/],
  [
    'silence between continuous trading and the auction',
    'fresh',
    'skip',
    (facts) =>
      part('market', { inContinuous: false })(figures({ lastTickMs: facts.market.timeMs! - 60_000 })(facts)),
    /continuous/,
  ],
  [
    'a feed that is 3 s late',
    'lag',
    'fail',
    (facts) => ({ ...facts, lag: { ...facts.lag!, leastMs: 3000, p1Ms: 3000, p50Ms: 3500, p99Ms: 4000 } }),
    /late/,
  ],
  [
    'half a real second late in an accelerated market',
    'lag',
    'warn',
    (facts) => ({ ...facts, speed: 60, lag: { ...facts.lag!, p99Ms: 30_000 } }),
    /busy/,
  ],
  [
    'more than a real second late in an accelerated market',
    'lag',
    'fail',
    (facts) => ({ ...facts, speed: 60, lag: { ...facts.lag!, p99Ms: 63_000 } }),
    /late/,
  ],
  [
    'one stray packet a minute ahead',
    'lag',
    'pass',
    (facts) => ({ ...facts, lag: { ...facts.lag!, leastMs: -59_000 } }),
    /no clock skew/,
  ],
  ['nothing to measure', 'lag', 'fail', (facts) => ({ ...facts, lag: undefined }), /mute/],
  [
    'our clock five minutes slow',
    'lag',
    'warn',
    (facts) => ({
      ...facts,
      lag: { ...facts.lag!, leastMs: -299_960, p1Ms: -299_960, p50Ms: -299_480, p99Ms: -298_990 },
    }),
    /slow/,
  ],
  [
    'a market clock given by hand, off by a minute',
    'lag',
    'pass',
    (facts) =>
      part('market', { clockByHand: true })({
        ...facts,
        lag: { ...facts.lag!, leastMs: 60_040, p1Ms: 60_040, p50Ms: 60_500, p99Ms: 61_010 },
      }),
    /./,
  ],
];
