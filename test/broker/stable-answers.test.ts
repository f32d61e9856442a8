/** Candles count when two answers agree. */
import { CandlesRefused } from '../../src/broker/refusals.js';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import type { CandleRow } from '../../src/candles/candle.js';
import { MAX_ANSWERS, stableCandles } from '../../src/broker/stable-answers.js';
import { objectionTo } from '../../src/commands/compare/fetch.js';
import { candleOf } from '../parquet/candles.js';

const instrument = (symbol: string) => ({ symbol, exchange: 'NSE', token: '1' });
const wanted = (...symbols: string[]) =>
  symbols.map((symbol) => ({ instrument: instrument(symbol), fromMs: 0, toMs: 60_000 }));
const row = (close: number): CandleRow[] => [candleOf({ minute: 0, close }).candle];

/** Answers by symbol, one after another, the last for ever; and the order in which it was asked. */
async function settling(answers: Readonly<Record<string, readonly (readonly CandleRow[] | Error)[]>>) {
  const asked: string[] = [];
  const results = await stableCandles(wanted(...Object.keys(answers)), {
    ask: ({ symbol }) => {
      const list = answers[symbol];
      const answer = list[Math.min(asked.filter((one) => one === symbol).length, list.length - 1)];
      asked.push(symbol);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    apart: (pass) => {
      asked.push(`apart ${pass}`);
      return Promise.resolve();
    },
  });
  return { asked, results };
}

describe('candles', () => {
  it('have settled when two answers agree, and those that do not are asked again, apart', async () => {
    const { asked, results } = await settling({ A: [row(1)], B: [row(1), row(2), row(2)] });
    expect(asked).toEqual(['A', 'B', 'apart 2', 'A', 'B', 'apart 3', 'B']);
    expect(results).toEqual([
      { rows: row(1), agreedAfter: 2, refused: undefined },
      { rows: row(2), agreedAfter: 3, refused: undefined },
    ]);
  });

  it('that never agree are those of the last answer, and say so', async () => {
    const { asked, results } = await settling({ A: [1, 2, 3, 4, 5, 6, 7].map(row) });
    expect(asked.filter((one) => one === 'A')).toHaveLength(MAX_ANSWERS);
    expect(results).toEqual([{ rows: row(MAX_ANSWERS), agreedAfter: undefined, refused: undefined }]);
    // Nothing is proved by them: the verdict of a comparison cannot be a pass.
    expect(objectionTo(results, [instrument('A')])).toBe(
      "the broker's candles of A have not settled, 6 answers all differed: compare again later",
    );
    expect(
      objectionTo((await settling({ A: [row(1)], B: [new CandlesRefused('No.')] })).results, [
        instrument('A'),
        instrument('B'),
      ]),
    ).toBeUndefined();
  });

  it('that two answers say are none are none', async () => {
    expect((await settling({ A: [[]] })).results).toEqual([{ rows: [], agreedAfter: 2, refused: undefined }]);
  });

  it('of one symbol that is refused keep those of others from nothing; anything else ends it all', async () => {
    const { asked, results } = await settling({ A: [new CandlesRefused('No.')], B: [row(1)] });
    expect(results).toEqual([
      { rows: [], agreedAfter: undefined, refused: 'No.' },
      { rows: row(1), agreedAfter: 2, refused: undefined },
    ]);
    expect(asked).toEqual(['A', 'B', 'apart 2', 'B']);
    const known: unknown[] = [];
    const answers = [row(1), new CandlesRefused('No.'), row(1), row(1), new EngineError('CANDLES', 'Gone.')];
    const ending = stableCandles(wanted('A', 'B', 'C'), {
      ask: () => {
        const answer = answers.shift()!;
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      apart: () => Promise.resolve(),
      onResult: (index, { rows, refused }) => known.push([index, rows.length, refused]),
    });
    await expect(ending).rejects.toMatchObject({ message: 'Gone.' });
    // The callback received what was known before.
    expect(known).toEqual([
      [1, 0, 'No.'],
      [0, 1, undefined],
    ]);
    await expect(settling({ A: [new EngineError('CANDLES', 'Gone.')] })).rejects.toMatchObject({
      message: 'Gone.',
    });
  });
});
