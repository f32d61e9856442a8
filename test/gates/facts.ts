/** Facts of a run in which everything went well, to be spoilt one thing at a time. */
import type { Facts, SymbolFacts } from '../../src/gates/facts.js';
import { COUNTER, type CounterName } from '../../src/memory/counters.js';
import { NOTHING_PUBLISHED } from '../../src/publish/figures.js';

/** 11:10:03 IST on a trading day. */
const NOW_MS = Date.UTC(2026, 10, 23, 5, 40, 3);

export function goodSymbol(symbol: string, token: string): SymbolFacts {
  return {
    symbol,
    token,
    shard: 0,
    priceScale: 100,
    figures: {
      ticks: 600,
      snapshots: 1,
      noTrade: 0,
      duplicates: 0,
      outOfSession: 0,
      volumeResets: 0,
      volumeStrays: 0,
      lastPrice: 140_000,
      lastTickMs: NOW_MS - 1000,
      lastPacketMs: NOW_MS - 1000,
      sessionSum: 84_000_000,
      sessionOpen: undefined,
      sessionHigh: 140_500,
      sessionLow: 139_500,
      exchangeAverage: undefined,
      openInterest: undefined,
    },
    answeredAfterMs: 20,
    inContinuous: true,
    boundaries: 15,
    opened: true,
    whole: 9,
    partial: 2,
    late: 0,
    revisions: 0,
  };
}

export function goodFacts(): Facts {
  const counters = Object.fromEntries(Object.keys(COUNTER).map((name) => [name, 0])) as Record<
    CounterName,
    number
  >;
  return {
    finished: true,
    interrupted: false,
    stage: 1,
    mode: 'ltp',
    volumeKind: 'tick',
    speed: 1,
    stepped: false,
    symbols: [goodSymbol('RELIANCE', '2885'), goodSymbol('INFY', '1594')],
    counters: { ...counters, binary: 1202, decoded: 1202, routed: 1202 },
    market: {
      timeMs: NOW_MS,
      inContinuous: true,
      boundaries: 10,
      clockByHand: false,
      hoursUnknown: undefined,
    },
    duration: { askedMin: 10, ranMin: 10.05, recommendedMin: 10 },
    feed: {
      connected: true,
      connections: 1,
      disconnects: [],
      openForMs: 600_000,
      disconnectedMs: 0,
      subscribedForMs: 600_000,
      answerMs: 10_000,
      errors: [],
    },
    lag: { samples: 1200, leastMs: 40, p1Ms: 50, p50Ms: 520, p99Ms: 1010, mostMs: 1090 },
    performance: {
      cpuPercent: 4,
      rssMb: 150,
      eventLoopDelayP99Ms: 2,
      longestStallMs: 12,
      receiveToAppliedUs: { p50: 30, p99: 80, p999: 200 },
      receiveToSealedMs: { p50: 0.1, p99: 0.3, p999: 0.3 },
    },
    momentum: {
      evaluations: [
        {
          symbol: 'RELIANCE',
          timestampMs: NOW_MS,
          basis: 'ours',
          evaluated: true,
          insufficient: undefined,
          vwap: 1400,
          hod: 1405,
          volMa: 60,
          relVol: 1,
          signals: [],
        },
      ],
      failures: [],
      differences: [],
      notes: [],
    },
    network: {
      connections: [
        { host: '127.0.0.1', port: 9000, phase: 'log-in', purpose: 'log-in' },
        { host: '127.0.0.1', port: 9000, phase: 'log-in', purpose: 'feed' },
      ],
      restCalls: [
        {
          method: 'POST',
          host: '127.0.0.1:9000',
          path: '/rest/auth/angelbroking/user/v1/loginByPassword',
          phase: 'log-in',
          logIn: true,
          candles: false,
        },
      ],
      handshakes: 1,
      workerConnections: 0,
    },
    output: {
      outDir: '/tmp/out',
      files: [{ path: '/tmp/out/NSE_RELIANCE_1m_test.parquet', rows: 11, sha256: '00' }],
      proven: 22,
      kept: 0,
      refusing: 0,
      problems: [],
      strayWrites: [],
      workerStrayWrites: 0,
      hashes: undefined,
    },
    unseen: { gaps: [], minutes: [] },
    backFill: undefined,
    journal: undefined,
    published: {
      ...NOTHING_PUBLISHED,
      servers: 'nats://127.0.0.1:4222',
      connected: true,
      acknowledged: 22,
      connections: 1,
    },
    schema: [],
    historyGiven: true,
  };
}
