/**
 * Stable candles: the broker may change a minute for some seconds after its end, so each symbol is polled until two
 * answers in a row agree.
 */
import type { CandleRow } from '../candles/candle.js';
import type { PolledInstrument } from './broker.js';
import { CandlesRefused } from './refusals.js';

/** One instrument's minutes with a label from `fromMs` to `toMs`, both included; epoch ms. */
export interface WantedCandles {
  readonly instrument: PolledInstrument;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface StableCandles {
  readonly rows: readonly CandleRow[];
  /** Answers until two agreed; undefined when none did. */
  readonly agreedAfter: number | undefined;
  /** Why there are no rows, a sentence; undefined when there are. */
  readonly refused: string | undefined;
}

export interface StableAnswerOptions {
  readonly ask: (instrument: PolledInstrument, fromMs: number, toMs: number) => Promise<readonly CandleRow[]>;
  /** Waits until an answer may differ from the last one. */
  readonly apart: (pass: number) => Promise<void>;
  readonly say?: (sentence: string) => void;
}

/** Maximum number of answers for a symbol. */
export const MAX_ANSWERS = 6;

const sameRows = (a: readonly CandleRow[], b: readonly CandleRow[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/**
 * Asks for all in turn, and again for those that did not agree. In the order of `wanted`. Throws what `ask` throws,
 * but for a refusal of one symbol.
 */
export async function stableCandles(
  wanted: readonly WantedCandles[],
  { ask, apart, say }: StableAnswerOptions,
): Promise<StableCandles[]> {
  const results = new Array<StableCandles | undefined>(wanted.length).fill(undefined);
  const last = new Array<readonly CandleRow[] | undefined>(wanted.length).fill(undefined);
  for (let pass = 1; pass <= MAX_ANSWERS && results.includes(undefined); pass++) {
    const left = wanted.flatMap((one, index) => (results[index] === undefined ? [{ ...one, index }] : []));
    if (pass > 1) await apart(pass);
    say?.(
      pass === 1
        ? `Asking for the candles of ${left.length === 1 ? left[0].instrument.symbol : `${left.length} symbols`}, two a second, each until two answers agree.`
        : `Asking again for ${left.length === 1 ? left[0].instrument.symbol : `${left.length} symbols`}.`,
    );
    for (const { instrument, fromMs, toMs, index } of left) {
      try {
        const rows = await ask(instrument, fromMs, toMs);
        const before = last[index];
        last[index] = rows;
        if (before !== undefined && sameRows(before, rows))
          results[index] = { rows, agreedAfter: pass, refused: undefined };
      } catch (error) {
        if (!(error instanceof CandlesRefused)) throw error;
        results[index] = { rows: [], agreedAfter: undefined, refused: error.message };
      }
    }
  }
  return results.map(
    (result, index) => result ?? { rows: last[index] ?? [], agreedAfter: undefined, refused: undefined },
  );
}
