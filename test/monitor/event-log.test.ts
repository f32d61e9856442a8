/** Events, and ticks over time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/monitor/event-log.js';
import type { Facts } from '../../src/gates/facts.js';
import { TickRateHistory } from '../../src/monitor/tick-rate.js';
import { EVENTS_KEPT } from '../../src/monitor/event.js';
import { goodFacts } from '../gates/facts.js';

const AT = goodFacts().market.timeMs!;

function facts(
  change: Omit<Partial<Facts>, 'counters' | 'feed'> & {
    counters?: Partial<Facts['counters']>;
    feed?: Partial<Facts['feed']>;
  } = {},
): Facts {
  const good = goodFacts();
  return {
    ...good,
    ...change,
    counters: { ...good.counters, ...change.counters },
    feed: { ...good.feed, ...change.feed },
  };
}

const texts = (chronicle: EventLog): string[] => chronicle.events.map(({ kind, text }) => `${kind}: ${text}`);
const end = (connection: number) => ({
  connection,
  code: undefined,
  reason: '',
  cause: 'dropped',
  sentence: 'The connection broke.',
  livedMs: 10,
  atMs: AT,
});

describe('a chronicle', () => {
  it('tells of connections and how they ended, each once', () => {
    const chronicle = new EventLog();
    chronicle.look(facts(), [], AT);
    chronicle.look(facts({ feed: { connected: false, disconnects: [end(1)] } }), [], AT);
    chronicle.look(facts({ feed: { connections: 2, disconnects: [end(1)] } }), [], AT);
    chronicle.look(facts({ feed: { connections: 2, disconnects: [end(1)] } }), [], AT);
    expect(texts(chronicle)).toEqual([
      'connected: connected and subscribed',
      'disconnected: connection 1 ended: The connection broke.',
      'connected: connected again and subscribed, connection 2',
    ]);
  });

  it('counts refused frames as one event while they go on, and as another after a pause', () => {
    const chronicle = new EventLog();
    chronicle.look(facts({ counters: { refusedLength: 2 } }), [], AT);
    chronicle.news();
    chronicle.look(facts({ counters: { refusedLength: 5 } }), [], AT);
    expect(chronicle.news().map(({ text }) => text)).toEqual([
      '5 packets refused: of a length that no frame of its mode has',
    ]);
    for (let k = 0; k < 60; k++) chronicle.look(facts({ counters: { refusedLength: 5 } }), [], AT);
    chronicle.look(facts({ counters: { refusedLength: 6 } }), [], AT);
    expect(texts(chronicle).filter((text) => text.startsWith('refused'))).toEqual([
      'refused: 5 packets refused: of a length that no frame of its mode has',
      'refused: 1 packet refused: of a length that no frame of its mode has',
    ]);
  });

  it('follows a gap that is open until it is closed', () => {
    const chronicle = new EventLog();
    const gap = (toMs: number): Partial<Facts> => ({ unseen: { gaps: [{ fromMs: AT, toMs }], minutes: [] } });
    chronicle.look(facts(gap(AT + 1000)), [], AT);
    chronicle.look(facts(gap(AT + 7500)), [], AT);
    chronicle.look(facts(gap(AT + 7500)), [], AT);
    expect(texts(chronicle).filter((text) => text.startsWith('gap'))).toEqual([
      'gap: nothing was seen for 7.5 s of market time',
    ]);
  });

  it('tells of gates that turned, of what the broker said and of signals', () => {
    const chronicle = new EventLog();
    const signal = {
      symbol: 'TCS',
      signals: [{ reason: 'Vol surge' }],
      timestampMs: AT,
    } as unknown as Facts['momentum']['evaluations'][number];
    const base = goodFacts();
    const turn = {
      gate: { id: 'fresh', status: 'fail', observed: 'old', expected: '', remedy: 'Old: TCS.' },
      before: 'pass',
    } as const;
    const news = chronicle.look(
      {
        ...facts({ feed: { errors: [{ code: 'E1001', message: 'Invalid' }] } }),
        momentum: { ...base.momentum, evaluations: [...base.momentum.evaluations, signal] },
      },
      [turn],
      AT,
    );
    expect(texts(chronicle)).toEqual([
      'connected: connected and subscribed',
      'broker: the broker answered E1001: Invalid',
      'gate: gate fresh: pass to fail (old) Old: TCS.',
      'signal: TCS: the rule would signal (dry run). Vol surge',
    ]);
    expect(news).toHaveLength(4);
    expect(chronicle.events[2].level).toBe('bad');
  });

  it('keeps the newest events, and no more', () => {
    const chronicle = new EventLog();
    const errors = Array.from({ length: EVENTS_KEPT + 20 }, (_, k) => ({ code: 'E', message: String(k) }));
    chronicle.look(facts({ feed: { errors } }), [], AT);
    expect(chronicle.events).toHaveLength(EVENTS_KEPT);
    expect(chronicle.news()).toHaveLength(EVENTS_KEPT);
    expect(chronicle.events.at(-1)!.text).toContain(String(EVENTS_KEPT + 19));
  });
});

describe('ticks over time', () => {
  it('are all in some span, in order, in a bounded number of spans, however long the run', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200_000), fc.nat(1000)), { minLength: 1, maxLength: 400 }),
        fc.constantFrom(0.5, 1, 60, 600),
        (steps, speed) => {
          const pace = new TickRateHistory(speed);
          let [ms, total] = [AT, 0];
          for (const [later, more] of steps) {
            ms += later;
            total += more;
            pace.look(ms, total);
          }
          expect(pace.curve.ticks.reduce((sum, [, ticks]) => sum + ticks, 0)).toBe(total);
          expect(pace.curve.ticks.length).toBeLessThanOrEqual(240);
          const starts = pace.curve.ticks.map(([start]) => start);
          expect(starts.every((start, k) => k === 0 || start - starts[k - 1] === pace.curve.spanMs)).toBe(
            true,
          );
          expect(ms - starts.at(-1)!).toBeLessThan(pace.curve.spanMs);
        },
      ),
    );
  });

  it('take time that goes back for the last span', () => {
    const pace = new TickRateHistory(1);
    pace.look(AT, 1);
    pace.look(AT - 3_600_000, 3);
    expect(pace.curve.ticks.map(([, ticks]) => ticks)).toEqual([3]);
  });
});
