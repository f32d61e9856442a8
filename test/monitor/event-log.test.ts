/** The event log, and ticks over time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/monitor/event-log.js';
import type { Facts } from '../../src/gates/facts.js';
import { TickRateHistory } from '../../src/monitor/tick-rate.js';
import { MAX_EVENTS } from '../../src/monitor/event.js';
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

const texts = (log: EventLog): string[] => log.events.map(({ kind, text }) => `${kind}: ${text}`);
const end = (connection: number) => ({
  connection,
  code: undefined,
  reason: '',
  cause: 'dropped',
  sentence: 'The connection broke.',
  livedMs: 10,
  atMs: AT,
});

describe('an event log', () => {
  it('reports each connection and its end once', () => {
    const log = new EventLog();
    log.update(facts(), [], AT);
    log.update(facts({ feed: { connected: false, disconnects: [end(1)] } }), [], AT);
    log.update(facts({ feed: { connections: 2, disconnects: [end(1)] } }), [], AT);
    log.update(facts({ feed: { connections: 2, disconnects: [end(1)] } }), [], AT);
    expect(texts(log)).toEqual([
      'connected: connected and subscribed',
      'disconnected: connection 1 ended: The connection broke.',
      'connected: connected again and subscribed, connection 2',
    ]);
  });

  it('counts refused frames as one event while they continue, and as another after a pause', () => {
    const log = new EventLog();
    log.update(facts({ counters: { refusedLength: 2 } }), [], AT);
    log.takeChanged();
    log.update(facts({ counters: { refusedLength: 5 } }), [], AT);
    expect(log.takeChanged().map(({ text }) => text)).toEqual([
      '5 packets refused: of a length that no frame of its mode has',
    ]);
    for (let k = 0; k < 60; k++) log.update(facts({ counters: { refusedLength: 5 } }), [], AT);
    log.update(facts({ counters: { refusedLength: 6 } }), [], AT);
    expect(texts(log).filter((text) => text.startsWith('refused'))).toEqual([
      'refused: 5 packets refused: of a length that no frame of its mode has',
      'refused: 1 packet refused: of a length that no frame of its mode has',
    ]);
  });

  it('updates an open gap until it is closed', () => {
    const log = new EventLog();
    const gap = (toMs: number): Partial<Facts> => ({ unseen: { gaps: [{ fromMs: AT, toMs }], minutes: [] } });
    log.update(facts(gap(AT + 1000)), [], AT);
    log.update(facts(gap(AT + 7500)), [], AT);
    log.update(facts(gap(AT + 7500)), [], AT);
    expect(texts(log).filter((text) => text.startsWith('gap'))).toEqual([
      'gap: nothing was seen for 7.5 s of market time',
    ]);
  });

  it('reports gate transitions, error replies of the broker, and signals', () => {
    const log = new EventLog();
    const signal = {
      symbol: 'TCS',
      signals: [{ reason: 'Vol surge' }],
      timestampMs: AT,
    } as unknown as Facts['momentum']['evaluations'][number];
    const base = goodFacts();
    const transition = {
      gate: { id: 'fresh', status: 'fail', observed: 'old', expected: '', remedy: 'Old: TCS.' },
      before: 'pass',
    } as const;
    const news = log.update(
      {
        ...facts({ feed: { errors: [{ code: 'E1001', message: 'Invalid' }] } }),
        momentum: { ...base.momentum, evaluations: [...base.momentum.evaluations, signal] },
      },
      [transition],
      AT,
    );
    expect(texts(log)).toEqual([
      'connected: connected and subscribed',
      'broker: the broker answered E1001: Invalid',
      'gate: gate fresh: pass to fail (old) Old: TCS.',
      'signal: TCS: the rule would signal (dry run). Vol surge',
    ]);
    expect(news).toHaveLength(4);
    expect(log.events[2].level).toBe('bad');
  });

  it('keeps the newest events, and no more', () => {
    const log = new EventLog();
    const errors = Array.from({ length: MAX_EVENTS + 20 }, (_, k) => ({ code: 'E', message: String(k) }));
    log.update(facts({ feed: { errors } }), [], AT);
    expect(log.events).toHaveLength(MAX_EVENTS);
    expect(log.takeChanged()).toHaveLength(MAX_EVENTS);
    expect(log.events.at(-1)!.text).toContain(String(MAX_EVENTS + 19));
  });
});

describe('ticks over time', () => {
  it('are all counted, in order, in a bounded number of spans for a run of any length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200_000), fc.nat(1000)), { minLength: 1, maxLength: 400 }),
        fc.constantFrom(0.5, 1, 60, 600),
        (steps, speed) => {
          const history = new TickRateHistory(speed);
          let [ms, total] = [AT, 0];
          for (const [later, more] of steps) {
            ms += later;
            total += more;
            history.update(ms, total);
          }
          expect(history.curve.ticks.reduce((sum, [, ticks]) => sum + ticks, 0)).toBe(total);
          expect(history.curve.ticks.length).toBeLessThanOrEqual(240);
          const starts = history.curve.ticks.map(([start]) => start);
          expect(starts.every((start, k) => k === 0 || start - starts[k - 1] === history.curve.spanMs)).toBe(
            true,
          );
          expect(ms - starts.at(-1)!).toBeLessThan(history.curve.spanMs);
        },
      ),
    );
  });

  it('count for the last span if time goes back', () => {
    const history = new TickRateHistory(1);
    history.update(AT, 1);
    history.update(AT - 3_600_000, 3);
    expect(history.curve.ticks.map(([, ticks]) => ticks)).toEqual([3]);
  });
});
