/** The report as a page: made of the report's JSON alone, and safe whatever that says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { reportState } from '../../src/dashboard/report-page.js';
import { judgeGates, verdictOf } from '../../src/gates/gates.js';
import { staticPage } from '../../src/dashboard/page.js';
import { CANDLE, type DashboardCandle } from '../../src/dashboard/state.js';
import { buildReport, reportText, type ReportViews } from '../../src/gates/report.js';
import { goodFacts } from '../gates/facts.js';

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'&\u2028`;
const candle: DashboardCandle = [
  goodFacts().market.timeMs!,
  1400,
  1405,
  1395,
  1402,
  60,
  CANDLE.partial,
  1401,
  null,
];

function reportOf(change: { symbol?: string; views?: Partial<ReportViews> } = {}): Record<string, unknown> {
  const good = goodFacts();
  const facts =
    change.symbol === undefined
      ? good
      : { ...good, symbols: [{ ...good.symbols[0], symbol: change.symbol }, good.symbols[1]] };
  const all = judgeGates(facts);
  const views: ReportViews = {
    candles: [[candle], []],
    longer: [{ timeframe: '5m', candles: [[], [candle]] }],
    rules: [
      {
        minuteMs: candle[0],
        why: null,
        conditions: [{ name: 'Close above VWAP', met: true, value: '1402 against 1401' }],
        signal: null,
        signals: 0,
      },
      null,
    ],
    events: [
      { id: 1, atMs: candle[0], kind: 'gap', level: 'warn', text: change.symbol ?? 'nothing was seen' },
    ],
    pace: { spanMs: 5000, ticks: [[candle[0], 60]] },
    latency: [
      [31, 1000],
      [70, 12],
    ],
    ...change.views,
  };
  const header = {
    version: '1',
    versions: { node: '20.20.2', ws: HOSTILE },
    runId: 'run',
    feed: 'sim:1',
    seed: 1,
    market: { date: '2026-11-23', dayCandles: 375 },
    startedWallMs: 0,
    endedWallMs: 1000,
    options: { stage: 1, shadow: false, faults: [HOSTILE] },
  };
  return buildReport(header, facts, all, verdictOf(facts, all), views);
}

const parsed = (report: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(reportText(report)) as Record<string, unknown>;
const PARTS = { script: 'void 0;', style: 'b{}' };

describe('a report', () => {
  it('is JSON with one line for each member of sights', () => {
    const report = reportOf();
    expect(parsed(report)).toEqual(JSON.parse(JSON.stringify(report)));
    expect(
      reportText(report)
        .split('\n')
        .filter((line) => /^ {4}"(candles|rules|events|pace|latency|duration)": /.test(line)),
    ).toHaveLength(6);
  });

  it('holds everything that its page shows', () => {
    const state = reportState(parsed(reportOf()));
    expect(state.now).toMatchObject({
      verdict: 'pass',
      ticks: 1200,
      received: 1202,
      ranMin: 10.05,
      refused: [{ packets: 2 }],
    });
    expect(state.candles).toEqual([[candle], []]);
    expect(state.gates.map(({ id, title }) => [id, title])[0]).toEqual(['connected', 'WebSocket connected']);
    expect(state.rows[0]).toMatchObject({
      last: 1400,
      open: 1400,
      ticks: 600,
      rate: 1,
      state: 'ticking',
      whole: 9,
      partial: 2,
    });
    expect(state.latency).toEqual([
      [31, 1000],
      [70, 12],
    ]);
    expect(state.run).toMatchObject({ title: 'Stage 1, 2 symbols', runId: 'run', seed: 1 });
  });

  it('is refused in one sentence that names the member, if any member is missing or of another type', () => {
    const report = parsed(reportOf());
    const paths: string[][] = [];
    const walk = (value: unknown, path: string[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value === 'object' && value !== null)
        for (const [name, member] of Object.entries(value)) walk(member, [...path, name]);
    };
    walk(report, []);
    let refused = 0;
    for (const path of paths) {
      for (const spoilt of [undefined, null, 'x', -1, [], {}, [[]], true]) {
        const copy = structuredClone(report);
        let at = copy;
        for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
        at[path.at(-1)!] = spoilt;
        try {
          staticPage(reportState(copy), PARTS);
        } catch (error) {
          expect(error, path.join('.')).toBeInstanceOf(EngineError);
          expect((error as EngineError).code).toBe('REPORT');
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(200);
  });

  it('is refused, and nothing worse happens, if it is any other JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          reportState(value);
          throw new Error('taken');
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      }),
    );
  });
});

describe('its page', () => {
  const page = staticPage(reportState(parsed(reportOf({ symbol: HOSTILE }))), PARTS);

  it('has one program and one state for any names, and allows nothing else to run or load', () => {
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toMatch(/<img/);
    expect(page).toMatch(
      /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:; base-uri 'none'; form-action 'none'/,
    );
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });

  it('holds the state unchanged', () => {
    const [, text] = /<script type="application\/json" id="state">([^]*?)<\/script>/.exec(page)!;
    expect(JSON.parse(text)).toEqual(reportState(parsed(reportOf({ symbol: HOSTILE }))));
  });

  it('shows verdict and checklist without scripts too', () => {
    expect(page).toMatch(/<noscript><h1>Verdict: PASS<\/h1>/);
    expect(page).toMatch(/<li>\[pass\] WebSocket connected/);
  });
});
