import { describe, expect, it } from 'vitest';
import type { Facts, SymbolFacts, RestCall } from '../../src/gates/facts.js';
import type { GateId, Status } from '../../src/gates/gate.js';
import { gates, verdictOf } from '../../src/gates/gates.js';
import { goodFacts } from './facts.js';

type Change = (facts: Facts) => Facts;

const symbols =
  (change: (symbol: SymbolFacts) => SymbolFacts): Change =>
  (facts) => ({
    ...facts,
    symbols: facts.symbols.map((symbol, index) => (index === 0 ? change(symbol) : symbol)),
  });
const figures = (change: Partial<SymbolFacts['figures']>): Change =>
  symbols((symbol) => ({ ...symbol, figures: { ...symbol.figures, ...change } }));
const part =
  <Name extends keyof Facts>(name: Name, change: Partial<Facts[Name]>): Change =>
  (facts) => ({ ...facts, [name]: { ...(facts[name] as object), ...change } });

const drop = {
  connection: 1,
  code: 1006,
  reason: '',
  cause: 'dropped',
  sentence: 'The connection was dropped.',
  livedMs: 1000,
  atMs: Date.UTC(2026, 10, 23, 5, 31),
};

const polled = (phase: RestCall['phase']): RestCall => ({
  method: 'POST',
  host: 'h',
  path: '/rest/secure/candles',
  phase,
  logIn: false,
  candles: true,
});

/** What is done to good facts, the gate that must turn, to what, and a word of what it says. */
const cases: [string, GateId, Status, Change, RegExp][] = [
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
    symbols((symbol) => ({ ...symbol, answeredAfterMs: undefined })),
    /RELIANCE \(2885\)/,
  ],
  [
    'a token answered too late',
    'subscribed',
    'fail',
    symbols((symbol) => ({ ...symbol, answeredAfterMs: 10_001 })),
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
        symbols((symbol) => ({ ...symbol, answeredAfterMs: undefined }))(facts),
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
    (facts) => figures({ lastTickMs: facts.market.timeMs! - 15_000 })(facts),
    /RELIANCE \(15.0 s\)/,
  ],
  [
    'one symbol silent for 14.9 s',
    'fresh',
    'pass',
    (facts) => figures({ lastTickMs: facts.market.timeMs! - 14_900 })(facts),
    /./,
  ],
  [
    'a name that is always so quiet',
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
        figures: { ...s.figures, lastTickMs: facts.market.timeMs! - 60_000 },
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
    'our clock five minutes behind',
    'lag',
    'warn',
    (facts) => ({
      ...facts,
      lag: { ...facts.lag!, leastMs: -299_960, p1Ms: -299_960, p50Ms: -299_480, p99Ms: -298_990 },
    }),
    /behind/,
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
  [
    'a symbol without a whole minute after two boundaries',
    'candles',
    'fail',
    symbols((symbol) => ({ ...symbol, whole: 0 })),
    /RELIANCE/,
  ],
  [
    'one boundary only',
    'candles',
    'warn',
    (facts) => part('market', { boundaries: 1 })(symbols((symbol) => ({ ...symbol, whole: 0 }))(facts)),
    /short/,
  ],
  ['a volume that fell', 'candles', 'warn', figures({ reseeds: 1 }), /RELIANCE/],
  [
    'hours that the data does not cover',
    'candles',
    'warn',
    part('market', { hoursUnknown: 'the data ends' }),
    /assumed/,
  ],
  [
    'a column of another type',
    'schema',
    'fail',
    (facts) => ({ ...facts, schema: ['volume is int64 in ours and double in the existing file.'] }),
    /join/,
  ],
  ['no history', 'schema', 'skip', (facts) => ({ ...facts, historyGiven: false, schema: undefined }), /./],
  ['an evaluation that breaks', 'momentum', 'fail', part('momentum', { failures: ['boom'] }), /boom/],
  ['no full evaluation', 'momentum', 'warn', part('momentum', { evaluations: [] }), /Twenty/],
  [
    'a REST call during the run',
    'no-rest',
    'fail',
    (facts) =>
      part('network', {
        restCalls: [
          ...facts.network.restCalls,
          {
            method: 'POST',
            host: 'h',
            path: '/rest/secure/candles',
            phase: 'run',
            logIn: false,
            candles: true,
          },
        ],
      })(facts),
    /candles/,
  ],
  [
    'a second REST call before the run',
    'no-rest',
    'fail',
    (facts) =>
      part('network', {
        restCalls: [
          ...facts.network.restCalls,
          { method: 'GET', host: 'h', path: '/profile', phase: 'log-in', logIn: false, candles: false },
        ],
      })(facts),
    /profile/,
  ],
  [
    'candles that were polled before the run, in the warm-up',
    'no-rest',
    'pass',
    (facts) =>
      part('network', {
        restCalls: [...facts.network.restCalls, polled('warm-up')],
        connections: [
          ...facts.network.connections,
          { host: 'h', port: 443, phase: 'warm-up', purpose: 'candles' },
        ],
      })(facts),
    /1 of them for the warm-up/,
  ],
  [
    'candles that were polled before the run, without a warm-up',
    'no-rest',
    'fail',
    (facts) => part('network', { restCalls: [...facts.network.restCalls, polled('log-in')] })(facts),
    /before the run/,
  ],
  [
    'candles that were polled behind the run',
    'no-rest',
    'fail',
    (facts) => part('network', { restCalls: [...facts.network.restCalls, polled('after')] })(facts),
    /candles that need it/,
  ],
  [
    'something else in the warm-up',
    'no-rest',
    'fail',
    (facts) =>
      part('network', {
        restCalls: [...facts.network.restCalls, { ...polled('warm-up'), path: '/profile', candles: false }],
      })(facts),
    /profile/,
  ],
  [
    'a fresh log-in',
    'no-rest',
    'warn',
    (facts) =>
      part('network', {
        restCalls: [...facts.network.restCalls, { ...facts.network.restCalls[0], phase: 'run' }],
      })(facts),
    /fresh log-in/,
  ],
  [
    'a bare connection that no HTTP announced',
    'no-rest',
    'fail',
    (facts) =>
      part('network', {
        connections: [
          ...facts.network.connections,
          { host: 'elsewhere', port: 443, phase: 'run', purpose: 'unknown' },
        ],
      })(facts),
    /elsewhere/,
  ],
  ['a worker on the network', 'no-rest', 'fail', part('network', { workerConnections: 1 }), /worker/],
  [
    'a file that does not read back',
    'output',
    'fail',
    part('output', { problems: ['NSE_X has close 1 where 2 was sealed.'] }),
    /sealed/,
  ],
  [
    'a file that could not be written, while the journal holds all',
    'output',
    'fail',
    (facts) => ({
      ...part('output', { problems: ['NSE_X cannot be written.'] })(facts),
      journal: {
        folder: 'journal/run',
        segments: 1,
        blocks: 9,
        frames: 9,
        bytes: 900,
        missing: 0,
        trouble: undefined,
      },
    }),
    /tickshard replay journal\/run --out \/tmp\/out/,
  ],
  ['a write elsewhere', 'output', 'fail', part('output', { strayWrites: ['/etc/x'] }), /\/etc\/x/],
  ['a write elsewhere by a worker', 'output', 'fail', part('output', { workerStrayWrites: 1 }), /worker/],
  ['candles and no file', 'output', 'fail', part('output', { files: [] }), /no file/],
  ['a message lost before decoding', 'lossless', 'fail', part('counters', { binary: 1203 }), /lost/],
  [
    'a packet lost before a ring',
    'lossless',
    'fail',
    part('counters', { binary: 1203, decoded: 1203 }),
    /lost/,
  ],
  ['a record lost in a ring', 'lossless', 'fail', figures({ ticks: 599 }), /lost/],
  ['a record applied twice', 'lossless', 'fail', figures({ ticks: 601 }), /lost/],
  [
    'poison',
    'lossless',
    'fail',
    (facts) => part('counters', { poison: 1 })(figures({ ticks: 599 })(facts)),
    /died three times/,
  ],
  ['too much CPU', 'performance', 'fail', part('performance', { cpuPercent: 51 }), /CPU/],
  ['too much memory', 'performance', 'fail', part('performance', { rssMb: 301 }), /memory/],
  ['a stalled event loop', 'performance', 'fail', part('performance', { eventLoopDelayP99Ms: 51 }), /delay/],
  [
    'too much CPU in an accelerated market',
    'performance',
    'warn',
    (facts) => part('performance', { cpuPercent: 120 })({ ...facts, speed: 60 }),
    /speed 1/,
  ],
  ['a run that ended early', 'duration', 'fail', part('duration', { ranMin: 4 }), /early/],
  ['a short stage', 'duration', 'warn', part('duration', { askedMin: 5 }), /little/],
];

describe('gates', () => {
  it('all pass when all is well, and so does the run', () => {
    const facts = goodFacts();
    const all = gates(facts);
    expect(all.map(({ id, status }) => `${id} ${status}`)).toEqual(
      [
        'connected',
        'subscribed',
        'ticking',
        'fresh',
        'lag',
        'candles',
        'schema',
        'momentum',
        'no-rest',
        'output',
        'lossless',
        'performance',
        'duration',
      ].map((id) => `${id} pass`),
    );
    expect(verdictOf(facts, all)).toBe('pass');
  });

  it.each(cases)('%s: %s is %s', (_what, id, status, change, word) => {
    const facts = change(goodFacts());
    const all = gates(facts);
    const gate = all.find((candidate) => candidate.id === id)!;
    expect(`${gate.status}: ${gate.observed} ${gate.remedy ?? ''}`).toMatch(new RegExp(`^${status}: `));
    expect(`${gate.observed} ${gate.remedy ?? ''}`).toMatch(word);
    if (status === 'fail' || status === 'warn') expect(gate.remedy).toBeTruthy();
    expect(verdictOf(facts, all) === 'fail').toBe(all.some((candidate) => candidate.status === 'fail'));
    if (status === 'fail') expect(verdictOf(facts, all)).toBe('fail');
  });

  it('each gate has a case that makes it fail', () => {
    const failing = new Set(cases.filter(([, , status]) => status === 'fail').map(([, id]) => id));
    expect([...failing].sort()).toEqual(
      gates(goodFacts())
        .map(({ id }) => id)
        .sort(),
    );
  });

  it('an interrupted run is neither passed nor failed', () => {
    const facts = { ...goodFacts(), interrupted: true };
    expect(verdictOf(facts, gates(facts))).toBe('interrupted');
  });
});
