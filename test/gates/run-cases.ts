/** Facts that make the gates of the run itself pass, warn, fail or be skipped. */
import type { RestCall } from '../../src/gates/facts.js';
import { figures, part, type GateCase } from './change.js';

const polled = (phase: RestCall['phase']): RestCall => ({
  method: 'POST',
  host: 'h',
  path: '/rest/secure/candles',
  phase,
  logIn: false,
  candles: true,
});

export const RUN_CASES: readonly GateCase[] = [
  [
    'a REST call during the run',
    'no-rest',
    'fail',
    (facts) =>
      part('network', {
        restCalls: [...facts.network.restCalls, polled('run')],
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
    'candles that were polled after the run',
    'no-rest',
    'fail',
    (facts) => part('network', { restCalls: [...facts.network.restCalls, polled('after')] })(facts),
    /candles that need it/,
  ],
  [
    'candles that were polled in a back-fill',
    'no-rest',
    'pass',
    (facts) =>
      part('network', {
        restCalls: [
          ...facts.network.restCalls,
          { ...facts.network.restCalls[0], phase: 'back-fill' },
          polled('back-fill'),
        ],
      })(facts),
    /2 calls after it for the back-fill/,
  ],
  [
    'something else in a back-fill',
    'no-rest',
    'fail',
    (facts) =>
      part('network', {
        restCalls: [...facts.network.restCalls, { ...polled('back-fill'), path: '/profile', candles: false }],
      })(facts),
    /profile/,
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
    'a connection that no HTTP request announced',
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
        untilMs: undefined,
        trouble: undefined,
      },
    }),
    /tickshard replay journal\/run --out \/tmp\/out/,
  ],
  [
    'a journal that ends before the run, though the candles are whole',
    'output',
    'fail',
    (facts) => ({
      ...facts,
      journal: {
        folder: 'journal/run',
        segments: 1,
        blocks: 9,
        frames: 9,
        bytes: 900,
        missing: 4,
        untilMs: 0,
        trouble: 'The journal has nothing after 11:02.',
      },
    }),
    /4 missing there The candles are whole, the journal is not\. The journal has nothing after 11:02\./,
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
  [
    'two counters on one connection, so that every second packet is rejected',
    'lossless',
    'fail',
    part('counters', { binary: 2404, decoded: 2404, unadmittedSequence: 1202 }),
    /1202 of 2404 packets rejected.*sequence 1202.*several counters/,
  ],
  [
    'some stray packets',
    'lossless',
    'pass',
    part('counters', { binary: 1211, decoded: 1211, unadmittedSequence: 9 }),
    /9 unadmitted/,
  ],
  ['too much CPU', 'performance', 'fail', part('performance', { cpuPercent: 51 }), /CPU/],
  ['too much memory', 'performance', 'fail', part('performance', { rssMb: 301 }), /memory/],
  [
    'a process that stood still',
    'performance',
    'warn',
    part('performance', { longestStallMs: 40_200 }),
    /longest stall 40.20 s.*This process stood still for 40\.2 s/,
  ],
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
  [
    'candles that no server acknowledged',
    'published',
    'fail',
    part('published', { waiting: 3, behindMs: 90_000, connected: false, trouble: 'It is gone.' }),
    /3 candles not yet, the oldest for 90\.0 s It is gone\. When they work, `tickshard replay/,
  ],
  [
    'candles that have waited for long during the run',
    'published',
    'warn',
    (facts) => ({ ...part('published', { waiting: 1, behindMs: 61_000 })(facts), finished: false }),
    /take them too slowly/,
  ],
  [
    'candles that are on their way during the run',
    'published',
    'pass',
    (facts) => ({ ...part('published', { waiting: 1, behindMs: 100 })(facts), finished: false }),
    /1 candle not yet/,
  ],
  [
    'subjects that another run publishes',
    'published',
    'fail',
    part('published', { taken: 2, takenExample: 'candle.NSE.2885.1m by run X' }),
    /Another run publishes candle\.NSE\.2885\.1m by run X and 1 more/,
  ],
  [
    "another run's candles of the same minutes",
    'published',
    'fail',
    part('published', { disputed: 4, disputedExample: 'candle.NSE.2885.1m' }),
    /for 4 whole candles of this run/,
  ],
  [
    'servers that are gone in the end',
    'published',
    'warn',
    part('published', { unchecked: 2, connected: false }),
    /it was not seen that they still have it/,
  ],
  ['no --publish', 'published', 'skip', (facts) => ({ ...facts, published: undefined }), /not asked for/],
];
