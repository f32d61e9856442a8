/** The dashboard's state of a run, whole and by changes, made from real shard memory. */
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/momentum/series.js';
import { DashboardModel, type StatusUpdate } from '../../src/dashboard/model.js';
import { dashboardStatus } from '../../src/dashboard/status.js';
import { CANDLE, TRAIL_LENGTH, type DashboardState } from '../../src/dashboard/state.js';
import { applyChange } from '../../src/page/state.js';
import { nameOf } from '../../src/market/instrument.js';
import { seededRandom } from '../../src/random.js';
import type { Engine } from '../../src/ingest/engine.js';
import { sessionOf } from '../listed.js';
import { runOf } from './run.js';
import { at } from '../shard/drive.js';
import { Script } from '../shard/script.js';
import { goodFacts } from '../gates/facts.js';

function modelOf({ memories, places }: Engine): DashboardModel {
  const run = runOf({ places });
  return new DashboardModel({
    run,
    memories,
    places,
    sessions: places.map(({ instrument }) => sessionOf(instrument)),
    longer: ['5m', '1d'],
  });
}

function updateAt(marketMs: number, change: Partial<StatusUpdate> = {}): StatusUpdate {
  const facts = goodFacts();
  return {
    now: { ...dashboardStatus(facts, { ticksPerSecond: 1 }), marketMs },
    gates: [],
    evaluations: [],
    events: [],
    tickRate: { spanMs: 5000, ticks: [] },
    ...change,
  };
}

const json = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;
const indexOf = (engine: Engine, symbol: string): number =>
  engine.places.findIndex(({ instrument }) => instrument.symbol === symbol);

function evaluation(symbol: string, time: string, change: Partial<Evaluation> = {}): Evaluation {
  return {
    symbol,
    timestampMs: at(time),
    basis: 'ours',
    evaluated: true,
    insufficient: undefined,
    vwap: 99,
    hod: 101,
    volMa: 4,
    relVol: 3,
    signals: [],
    ...change,
  };
}

/** Longer candles that are sealed: open ones are read when a minute is. */
const sealedLonger = ({ longer }: DashboardState): unknown =>
  longer.map(({ candles }) => candles.map((list) => list.filter((one) => (one[6] & CANDLE.open) === 0)));

describe('the dashboard model', () => {
  it('has no state before its first update', () => {
    expect(modelOf(new Script().engine).state).toBeUndefined();
  });

  it("shows a symbol's price, change, open candle and state", () => {
    const script = new Script()
      .subscribe(at('11:00'))
      .frame('RELIANCE', at('11:00') + 500, 10_000)
      .frame('RELIANCE', at('11:00') + 11_000, 10_100)
      .frame('RELIANCE', at('11:00') + 12_000, 10_200);
    script.candles('RELIANCE');
    const model = modelOf(script.engine);
    model.update(updateAt(at('11:00') + 13_000), 0);
    const index = indexOf(script.engine, 'RELIANCE');
    const state = model.state!;
    expect(state.rows[index]).toMatchObject({ last: 102, state: 'ticking', ticks: 2 });
    expect(state.rows[indexOf(script.engine, 'INFY')]).toMatchObject({
      last: null,
      state: 'silent',
      ticks: 0,
    });
    expect(state.candles[index]).toHaveLength(1);
    const [[ms, open, high, low, close, volume, flags]] = state.candles[index];
    expect([ms, open, high, low, close, volume]).toEqual([at('11:00'), 101, 102, 101, 102, 2]);
    expect(flags & CANDLE.open).toBe(CANDLE.open);
    expect(state.rows[index].open).toBe(101);
  });

  it('calls a symbol quiet after 5 s of market time, stale after 15, and shut outside trading', () => {
    const script = new Script()
      .subscribe(at('11:00'))
      .frame('RELIANCE', at('11:00') + 500, 10_000)
      .frame('RELIANCE', at('11:00') + 20_000, 10_100);
    script.candles('RELIANCE');
    const model = modelOf(script.engine);
    const index = indexOf(script.engine, 'RELIANCE');
    const stateAt = (ms: number): string => {
      model.update(updateAt(ms), 0);
      return model.state!.rows[index].state;
    };
    expect([
      stateAt(at('11:00') + 24_000),
      stateAt(at('11:00') + 26_000),
      stateAt(at('11:00') + 36_000),
      stateAt(at('16:00')),
    ]).toEqual(['ticking', 'quiet', 'stale', 'shut']);
  });

  it('marks partial candles and candles revised after their seal', () => {
    const script = new Script({ mode: 1 })
      .subscribe(at('11:00') + 30_000)
      .frame('RELIANCE', at('11:00') + 31_000, 10_000)
      .hum(at('11:01'))
      .frame('RELIANCE', at('11:01') + 1000, 10_000)
      .frame('RELIANCE', at('11:01') + 2000, 10_100)
      .hum(at('11:02') + 20_000);
    const model = modelOf(script.engine);
    const index = indexOf(script.engine, 'RELIANCE');
    script.candles('RELIANCE');
    model.update(updateAt(at('11:02') + 20_000), 0);
    const flags = (minute: string): number =>
      model.state!.candles[index].find(([ms]) => ms === at(minute))![6];
    expect(flags('11:01')).toBe(0);
    script.frame('RELIANCE', at('11:02') + 21_000, 10_500, { exchangeMs: BigInt(at('11:01') + 30_000) });
    script.candles('RELIANCE');
    const change = model.update(updateAt(at('11:02') + 22_000), 400);
    expect(flags('11:01') & CANDLE.revised).toBe(CANDLE.revised);
    expect(change.candles.find(([symbol]) => symbol === index)![1].map(([ms]) => ms)).toContain(at('11:01'));
    expect(model.state!.rows[index].late).toBe(1);
  });

  it("adds the rule's figures to the candle, lists its conditions, and counts signals", () => {
    const script = new Script()
      .subscribe(at('11:00'))
      .frame('RELIANCE', at('11:00') + 500, 10_000)
      .frame('RELIANCE', at('11:01') + 1000, 10_050)
      .hum(at('11:02') + 20_000);
    script.candles('RELIANCE');
    const model = modelOf(script.engine);
    const index = indexOf(script.engine, 'RELIANCE');
    model.update(updateAt(at('11:02') + 20_000), 0);
    const signal = { reason: 'because' } as Evaluation['signals'][number];
    const change = model.update(
      updateAt(at('11:02') + 21_000, {
        evaluations: [evaluation('RELIANCE', '11:01', { signals: [signal] })],
      }),
      400,
    );
    expect(model.state!.candles[index].find(([ms]) => ms === at('11:01'))!.slice(7)).toEqual([99, 101]);
    expect(model.state!.rules[index]).toMatchObject({
      why: null,
      signal: 'because',
      signals: 1,
      conditions: [
        { met: true, value: '100.50 against 99.00' },
        { met: true, value: '0.50 % below 101.00' },
        { met: true },
      ],
    });
    expect(change.rules).toHaveLength(1);
    model.update(
      updateAt(at('11:02') + 22_000, {
        evaluations: [
          evaluation('INFY', '11:01', {
            evaluated: false,
            insufficient: 'insufficient 3/20',
            relVol: null,
            volMa: null,
          }),
        ],
      }),
      800,
    );
    expect(model.state!.rules[indexOf(script.engine, 'INFY')]).toMatchObject({
      why: 'insufficient 3/20',
      signal: null,
      signals: 0,
    });
  });

  it('gives evaluations to the exchange that they are of, where two have one symbol', () => {
    const instruments = [
      { symbol: 'RELIANCE', exchangeType: 1, token: '2885' },
      { symbol: 'RELIANCE', exchangeType: 3, token: '500325' },
      { symbol: 'USDINR', exchangeType: 13, token: '2885' },
    ];
    const script = new Script({ instruments }).subscribe(at('11:00'));
    for (const { exchangeType, token } of instruments.slice(0, 2))
      script.frame('RELIANCE', at('11:00') + 500, 10_000, { exchangeType, token });
    script.hum(at('11:01') + 20_000).candles('RELIANCE');
    const model = modelOf(script.engine);
    const evaluations = [
      evaluation('BSE:RELIANCE', '11:00', { insufficient: 'insufficient 2/20', evaluated: false }),
      evaluation('RELIANCE', '11:00', { insufficient: 'insufficient 1/20', evaluated: false }),
    ];
    model.update(updateAt(at('11:01') + 21_000, { evaluations }), 0);
    expect(model.state!.run.symbols.map(({ symbol }) => symbol)).toEqual([
      'RELIANCE',
      'BSE:RELIANCE',
      'CDS:USDINR',
    ]);
    expect(model.state!.rules.map((rule) => rule?.why)).toEqual([
      'insufficient 1/20',
      'insufficient 2/20',
      undefined,
    ]);
  });

  it('reports no change between two updates at the same moment', () => {
    const script = new Script()
      .subscribe(at('11:00'))
      .frame('RELIANCE', at('11:00') + 500, 10_000)
      .frame('RELIANCE', at('11:00') + 11_000, 10_100);
    script.candles('RELIANCE');
    const model = modelOf(script.engine);
    for (let k = 0; k < 5; k++) model.update(updateAt(at('11:00') + 12_000), 5000 + k);
    expect(model.update(updateAt(at('11:00') + 12_000), 5005)).toMatchObject({
      gates: [],
      rows: [],
      candles: [],
      trail: [],
      rules: [],
      events: [],
      tickRate: null,
      latency: null,
    });
  });

  it('keeps a trail of bounded length, one price a second', () => {
    const script = new Script().subscribe(at('11:00')).frame('RELIANCE', at('11:00') + 500, 10_000);
    const model = modelOf(script.engine);
    const index = indexOf(script.engine, 'RELIANCE');
    for (let second = 1; second < 100; second++) {
      script.frame('RELIANCE', at('11:00') + second * 1000, 10_000 + second);
      script.candles('RELIANCE');
      model.update(updateAt(at('11:00') + second * 1000), second * 1000);
      model.update(updateAt(at('11:00') + second * 1000), second * 1000 + 400);
    }
    expect(model.state!.trails[index]).toHaveLength(TRAIL_LENGTH);
    expect(model.state!.trails[index].at(-1)).toBe(100.99);
    expect(model.state!.rows[index].rate).toBeGreaterThan(0.5);
    expect(model.state!.rows[index].rate).toBeLessThan(1.5);
  });

  it('in the browser, state and changes add up to the state that a later viewer receives', () => {
    const random = seededRandom(11);
    const script = new Script().subscribe(at('11:00'));
    const model = modelOf(script.engine);
    model.update(updateAt(at('11:00')), 0);
    let shown: DashboardState = json(model.state!);
    const evaluations: Evaluation[] = [];
    let ms = at('11:00');
    for (let k = 1; k < 400; k++) {
      ms += Math.floor(random() * 4000);
      const { places } = script.engine;
      const { instrument } = places[Math.floor(random() * places.length)];
      const { symbol } = instrument;
      const late = random() < 0.05 ? { exchangeMs: BigInt(Math.floor((ms - 90_000) / 1000) * 1000) } : {};
      script.frame(symbol, ms, 10_000 + Math.floor(random() * 400), late);
      if (random() < 0.02) script.disconnect().subscribe(ms + 1);
      if (random() < 0.4) continue;
      script.candles(symbol);
      const news: Partial<StatusUpdate> = {
        evaluations:
          random() < 0.1
            ? [
                evaluation(nameOf(instrument), '11:00', {
                  timestampMs: Math.floor(ms / 60_000) * 60_000 - 60_000,
                }),
              ]
            : [],
        events:
          random() < 0.2
            ? [{ id: Math.ceil(k / 3), atMs: ms, kind: 'gap', level: 'warn', text: `event ${k}` }]
            : [],
        gates: [
          {
            id: 'fresh',
            title: '',
            status: random() < 0.5 ? 'pass' : 'fail',
            observed: String(k),
            expected: '',
            remedy: null,
          },
        ],
        tickRate: { spanMs: 5000, ticks: [[at('11:00'), k]] },
      };
      evaluations.push(...news.evaluations!);
      shown = applyChange(shown, json(model.update(updateAt(ms, news), k * 400))).state;
      expect(shown).toEqual(json(model.state!));
      // A new model that reads everything at once has the same candles.
      const fresh = modelOf(script.engine);
      fresh.update(updateAt(ms, { evaluations }), 0);
      expect(fresh.state!.candles).toEqual(model.state!.candles);
      expect(sealedLonger(fresh.state!)).toEqual(sealedLonger(model.state!));
      expect(fresh.state!.rows.map(({ whole, partial, late }) => [whole, partial, late])).toEqual(
        model.state!.rows.map(({ whole, partial, late }) => [whole, partial, late]),
      );
    }
    expect(shown.candles.flat().some(([, , , , , , flags]) => (flags & CANDLE.revised) > 0)).toBe(true);
    expect(shown.candles.flat().some(([, , , , , , flags]) => (flags & CANDLE.partial) > 0)).toBe(true);
  });
});
