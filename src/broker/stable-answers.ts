/**
 * The broker may change a minute for some seconds after its end: polls each symbol until two answers in a row agree.
 */
import type { CandleRow } from '../candles/candle.js';
import type { PolledInstrument } from './broker.js';
import { CandlesRefused } from './refusals.js';
import { nameOf } from '../market/instrument.js';

/** Labels from `fromMs` to `toMs`, both included; epoch ms. */
export interface WantedCandles {
  readonly instrument: PolledInstrument;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface StableCandles {
  readonly rows: readonly CandleRow[];
  /** Answers until two agreed, if two did. */
  readonly agreedAfter: number | undefined;
  /** Why there are no rows, a sentence. */
  readonly refused: string | undefined;
}

export interface StableAnswerOptions {
  readonly ask: (instrument: PolledInstrument, fromMs: number, toMs: number) => Promise<readonly CandleRow[]>;
  /** Waits until an answer may differ. */
  readonly apart: (pass: number) => Promise<void>;
  readonly say?: (sentence: string) => void;
  /** A symbol's result as soon as it is known, by its place in `wanted`: what is there if `ask` throws later. */
  readonly onResult?: (index: number, result: StableCandles) => void;
}

/** Ms after a candle's end to ask for it: the broker changes it for some seconds. */
export const SETTLE_MS = 60_000;
/** Ms after its end until a candle is final, and a second answer need not wait. */
export const FINAL_AFTER_MS = 540_000;
/** Real ms between answers about a candle that may still change. */
export const ANSWERS_APART_MS = 5_000;

/** Per symbol. */
export const MAX_ANSWERS = 6;

const sameRows = (a: readonly CandleRow[], b: readonly CandleRow[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/**
 * Asks for all in turn, again where answers did not agree; results in the order of `wanted`. Throws what `ask`
 * throws, except CandlesRefused.
 */
export async function stableCandles(
  wanted: readonly WantedCandles[],
  { ask, apart, say, onResult }: StableAnswerOptions,
): Promise<StableCandles[]> {
  const results = new Array<StableCandles | undefined>(wanted.length).fill(undefined);
  const conclude = (index: number, result: StableCandles): void => {
    results[index] = result;
    onResult?.(index, result);
  };
  const last = new Array<readonly CandleRow[] | undefined>(wanted.length).fill(undefined);
  for (let pass = 1; pass <= MAX_ANSWERS && results.includes(undefined); pass++) {
    const left = wanted.flatMap((one, index) => (results[index] === undefined ? [{ ...one, index }] : []));
    if (pass > 1) await apart(pass);
    say?.(
      pass === 1
        ? `Asking for the candles of ${left.length === 1 ? nameOf(left[0].instrument) : `${left.length} symbols`}, two a second, each until two answers agree.`
        : `Asking again for ${left.length === 1 ? nameOf(left[0].instrument) : `${left.length} symbols`}.`,
    );
    for (const { instrument, fromMs, toMs, index } of left) {
      try {
        const rows = await ask(instrument, fromMs, toMs);
        const before = last[index];
        last[index] = rows;
        if (before !== undefined && sameRows(before, rows))
          conclude(index, { rows, agreedAfter: pass, refused: undefined });
      } catch (error) {
        if (!(error instanceof CandlesRefused)) throw error;
        conclude(index, { rows: [], agreedAfter: undefined, refused: error.message });
      }
    }
  }
  return results.map(
    (result, index) => result ?? { rows: last[index] ?? [], agreedAfter: undefined, refused: undefined },
  );
}
