/**
 * Each requirement of a cut-over can fail, and says what is missing. Mutations that were caught: simulated days
 * count, a failed day is hidden by an older good one, a comparison of other candles counts, a symbol may be
 * missing on one day.
 */
import { describe, expect, it } from 'vitest';
import { cutover, type Cutover } from '../../src/reconcile/cutover.js';
import { type Requirement } from '../../src/reconcile/cutover-requirements.js';
import { evidenceFrom, type ComparisonEvidence, type RunEvidence } from '../../src/reconcile/evidence.js';

const DATES = ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'];
const SYMBOLS = ['RELIANCE', 'TCS'];

const run = (date: string, more: Partial<RunEvidence> = {}): RunEvidence => ({
  kind: 'run', path: `${date}.json`, runId: `${date}-1`, date, feed: 'live', mode: 'snapquote', volumeKind: 'traded', rules: 2, verdict: 'pass', wholeDay: true, dayCandles: 361, failedGates: [], disconnects: 0, polled: 0,
  symbols: SYMBOLS.map((symbol) => ({ symbol, whole: 361, partial: 0, late: 1 })), ...more,
}); // prettier-ignore

const comparison = (date: string, more: Partial<ComparisonEvidence> = {}): ComparisonEvidence => ({
  kind: 'comparison', path: `compare-${date}.json`, comparedAt: `${date}T16:00:00+05:30`, timeframe: '1m', verdict: 'pass', reasons: [], dates: [date], feeds: ['live'], rules: 2, values: { compared: 3610, explained: 300, unexplained: 0 },
  symbols: SYMBOLS.map((symbol) => ({ symbol, comparedOn: { [date]: 361 }, volumeCompared: true, unexplained: 0 })), ...more,
}); // prettier-ignore

const runs = DATES.map((date) => run(date));
const comparisons = DATES.map((date) => comparison(date));
/** All but the last, which is replaced. */
const lastRun = (more: Partial<RunEvidence>): RunEvidence[] => [...runs.slice(0, 4), run(DATES[4], more)];
const lastComparison = (more: Partial<ComparisonEvidence>): ComparisonEvidence[] => [
  ...comparisons.slice(0, 4),
  comparison(DATES[4], more),
];
const failing = ({ requirements }: Cutover): Requirement['id'][] =>
  requirements.filter(({ status }) => status === 'fail').map(({ id }) => id);
const remedyOf = (result: Cutover, id: Requirement['id']): string =>
  `${result.requirements.find((one) => one.id === id)!.observed}. ${result.requirements.find((one) => one.id === id)!.remedy ?? ''}`;

describe('the cut-over', () => {
  it('takes no comparison of another exchange for the one of a symbol', () => {
    const read = (symbols: object[]): ComparisonEvidence =>
      evidenceFrom('c.json', {
        ...{
          kind: 'comparison',
          comparedAt: `${DATES[4]}T16:00:00+05:30`,
          verdict: 'pass',
          dates: [DATES[4]],
        },
        ...{ feeds: ['live'], rules: 2, ours: { feeds: ['live'] }, symbols },
      }) as ComparisonEvidence;
    const of = (exchange: string, minutes: number): object => ({
      ...{ symbol: 'RELIANCE', exchange, volumeCompared: true, unexplained: 0 },
      comparedOn: { [DATES[4]]: minutes },
    });
    const both = read([of('NSE', 361), of('BSE', 300)]);
    expect(both.symbols.map(({ symbol, comparedOn }) => [symbol, comparedOn[DATES[4]]])).toEqual([
      ['RELIANCE', 361],
      ['BSE:RELIANCE', 300],
    ]);
    const report = evidenceFrom('r.json', {
      ...{ runId: 'r', market: { date: DATES[4] }, gates: [] },
      symbols: [{ symbol: 'BSE:RELIANCE', whole: 361, partial: 0, late: 0 }],
    }) as RunEvidence;
    expect(report.symbols.map(({ symbol }) => symbol)).toEqual(['BSE:RELIANCE']);
  });

  it('may be made after five good days, with figures', () => {
    const result = cutover(runs, comparisons, 5, undefined);
    expect(result.may).toBe(true);
    expect(result.symbols).toEqual(SYMBOLS);
    expect(result.days.map(({ date, whole, compared, late }) => [date, whole, compared, late])).toEqual(
      DATES.map((date) => [date, 1, 1, 2]),
    );
    expect(result.requirements.every(({ remedy }) => remedy === undefined)).toBe(true);
  });

  it('says which minutes a back-fill polled, and counts them as not seen', () => {
    const polled = lastRun({ polled: 12, symbols: SYMBOLS.map((symbol) => ({ symbol, whole: 349, partial: 12, late: 0 })) });
    const result = cutover(polled, comparisons, 5, undefined);
    expect(failing(result)).toEqual(['whole']);
    expect(result.notes).toEqual(['12 minutes of these days were polled by a back-fill: not judged, and counted as not seen.']);
    expect(evidenceFrom('a.json', { runId: 'r', market: { date: DATES[0] }, gates: [], symbols: [], backFill: { polled: 3 } })).toMatchObject({ polled: 3 });
  }); // prettier-ignore

  it('counts only days of the newest rules, and says which it leaves aside', () => {
    const older = cutover([run(DATES[0], { rules: 1 }), ...runs.slice(1)], comparisons, 5, undefined);
    expect(failing(older)).toEqual(['days']);
    expect(older.notes).toContain('1 shadow run of older rules than 2 is left aside: days of different rules never count together.');
    const compared = cutover(runs, lastComparison({ rules: 1 }), 5, undefined);
    expect(failing(compared)).toContain('compared');
  }); // prettier-ignore

  it.each<[string, Requirement['id'][], RegExp, readonly RunEvidence[], readonly ComparisonEvidence[]]>([
    ['four days', ['days'], /4 of 5.*1 more day .* is missing/, runs.slice(1), comparisons],
    [
      'days of the simulated market',
      ['feed'],
      /0 of 5 days of the live feed/,
      runs.map((one) => ({ ...one, feed: 'sim:1' })),
      comparisons.map((one) => ({ ...one, feeds: ['sim:1'] })),
    ],
    [
      'a day whose run failed',
      ['runs'],
      /2026-11-20: fail \(fresh\)/,
      lastRun({ verdict: 'fail', failedGates: ['fresh'] }),
      comparisons,
    ],
    ['a day that was interrupted', ['runs'], /interrupted/, lastRun({ verdict: 'interrupted' }), comparisons],
    [
      'a day without one of the symbols',
      ['symbols', 'whole'],
      /2026-11-20: TCS/,
      lastRun({ symbols: [{ symbol: 'RELIANCE', whole: 361, partial: 0, late: 0 }] }),
      comparisons,
    ],
    [
      'a symbol that was half seen',
      ['whole'],
      /too few of TCS/,
      lastRun({
        symbols: [
          { symbol: 'RELIANCE', whole: 361, partial: 0, late: 0 },
          { symbol: 'TCS', whole: 300, partial: 61, late: 0 },
        ],
      }),
      comparisons,
    ],
    [
      'a day that was not compared',
      ['compared', 'volume', 'agree'],
      /2026-11-20: not compared/,
      runs,
      comparisons.slice(0, 4),
    ],
    [
      'a symbol that was not compared',
      ['compared', 'volume'],
      /too few minutes of TCS/,
      runs,
      lastComparison({ symbols: comparison(DATES[4]).symbols.slice(0, 1) }),
    ],
    [
      'a few minutes that were compared',
      ['compared'],
      /too few minutes of RELIANCE, TCS/,
      runs,
      lastComparison({
        symbols: SYMBOLS.map((symbol) => ({
          symbol,
          comparedOn: { [DATES[4]]: 15 },
          volumeCompared: true,
          unexplained: 0,
        })),
      }),
    ],
    [
      'ticks for volume',
      ['volume', 'agree'],
      /ours counts ticks/,
      lastRun({ volumeKind: 'tick' }),
      lastComparison({
        verdict: 'prices-agree',
        symbols: SYMBOLS.map((symbol) => ({
          symbol,
          comparedOn: { [DATES[4]]: 361 },
          volumeCompared: false,
          unexplained: 0,
        })),
      }),
    ],
    [
      'a comparison that failed',
      ['agree'],
      /2026-11-20: fail \(9 differences that nothing explains\)/,
      runs,
      lastComparison({
        verdict: 'fail',
        reasons: ['9 differences that nothing explains'],
        values: { compared: 3610, explained: 1, unexplained: 9 },
      }),
    ],
    [
      'comparisons of another feed',
      ['compared', 'volume', 'agree'],
      /not compared/,
      runs,
      lastComparison({ feeds: ['sim:1'] }),
    ],
  ])('may not be made with %s', (_what, ids, says, someRuns, someComparisons) => {
    const result = cutover(someRuns, someComparisons, 5, undefined);
    expect(result.may).toBe(false);
    expect(failing(result)).toEqual(ids);
    expect(remedyOf(result, ids[0])).toMatch(says);
  });

  it('is judged by the newest days and the newest word on each', () => {
    const bad = run('2026-11-13', { verdict: 'fail' });
    expect(cutover([bad, ...runs], comparisons, 5, undefined).may).toBe(true);
    // A bad run of the day and then a good one; the same for comparisons.
    expect(
      cutover(
        [...runs, run(DATES[4], { runId: `${DATES[4]}-0`, verdict: 'fail' })],
        [...comparisons, comparison(DATES[4], { comparedAt: `${DATES[4]}T15:45:00+05:30`, verdict: 'fail' })],
        5,
        undefined,
      ).may,
    ).toBe(true);
    expect(
      failing(
        cutover(
          [...runs, run(DATES[4], { runId: `${DATES[4]}-2`, verdict: 'fail' })],
          comparisons,
          5,
          undefined,
        ),
      ),
    ).toEqual(['runs']);
    expect(
      failing(
        cutover(
          runs,
          [
            ...comparisons,
            comparison(DATES[4], { comparedAt: `${DATES[4]}T17:00:00+05:30`, verdict: 'fail' }),
          ],
          5,
          undefined,
        ),
      ),
    ).toEqual(['agree']);
    // A good day that is newer than a bad one does not hide it.
    expect(
      failing(
        cutover(
          [...runs.slice(0, 3), run(DATES[3], { verdict: 'fail' }), runs[4]],
          comparisons,
          5,
          undefined,
        ),
      ),
    ).toEqual(['runs']);
  });

  it('leaves stage runs and other feeds aside, and says so; reports that are there twice are one', () => {
    const others = [
      run('2026-11-18', { runId: 'stage', wholeDay: false, verdict: 'fail' }),
      run('2026-11-21', { runId: 'sim', feed: 'sim:1', verdict: 'fail' }),
      ...runs,
    ];
    const result = cutover([...others, ...runs], comparisons, 5, undefined);
    expect(result.may).toBe(true);
    expect(result.notes).toEqual([
      '1 run of a stage or a part of a day does not count.',
      '1 shadow run of another feed than the live one is left aside.',
    ]);
  });

  it('asks for the symbols that are named, and one comparison may cover several days', () => {
    expect(failing(cutover(runs, comparisons, 5, ['INFY']))).toEqual([
      'symbols',
      'whole',
      'compared',
      'volume',
    ]);
    const all = comparison(DATES[4], {
      dates: DATES,
      symbols: SYMBOLS.map((symbol) => ({
        symbol,
        comparedOn: Object.fromEntries(DATES.map((date) => [date, 361])),
        volumeCompared: true,
        unexplained: 0,
      })),
    });
    expect(cutover(runs, [all], 5, ['TCS']).may).toBe(true);
  });

  it('says all that is missing when there is nothing', () => {
    const result = cutover([], [], 5, undefined);
    expect(failing(result)).toHaveLength(8);
    expect(result.requirements.every(({ remedy }) => (remedy ?? '') !== '')).toBe(true);
  });
});

describe('evidence', () => {
  it('is what our reports say, and nothing else is', () => {
    for (const value of [
      null,
      7,
      'x',
      [],
      {},
      { runId: 'a' },
      { runId: 'a', market: { date: 'today' }, gates: [], symbols: [] },
      { runId: 'a', market: { date: '2026-11-20' }, symbols: [] },
    ])
      expect(evidenceFrom('p', value)).toBeUndefined();
    const report = {
      runId: 'a',
      market: { date: '2026-11-20', dayCandles: 361 },
      gates: [{ id: 'fresh', status: 'fail' }],
      symbols: [{ symbol: 'TCS', whole: 5, partial: -1, late: 'x' }, { symbol: '../x' }, 3],
      options: { shadow: true, untilClose: true },
      verdict: 'fail',
      feed: 'live',
    };
    expect(evidenceFrom('p', report)).toMatchObject({
      kind: 'run',
      wholeDay: true,
      failedGates: ['fresh'],
      symbols: [{ symbol: 'TCS', whole: 5, partial: 0, late: 0 }],
    });
    expect(evidenceFrom('p', { kind: 'comparison' })).toMatchObject({
      kind: 'comparison',
      verdict: '',
      dates: [],
      symbols: [],
    });
  });
});
