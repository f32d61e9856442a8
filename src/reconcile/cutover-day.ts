/** One day's evidence for a cut-over: its shadow run and the newest comparison. Pure. */
import type { ComparisonEvidence, RunEvidence } from './evidence.js';

export interface CutoverDay {
  /** IST date, `YYYY-MM-DD`. */
  readonly date: string;
  readonly run: RunEvidence;
  /** The newest of the date. */
  readonly comparison: ComparisonEvidence | undefined;
  /** Smallest share, 0 to 1, of the day's candles that any of the symbols has whole. */
  readonly whole: number;
  /** Smallest share, 0 to 1, of the day's candles that any of the symbols has compared. */
  readonly compared: number;
  /** Late ticks of all symbols. */
  readonly late: number;
}

/** What the day's report says of a symbol; undefined when the run did not have it. */
export function runSymbol(
  { run }: Pick<CutoverDay, 'run'>,
  symbol: string,
): RunEvidence['symbols'][number] | undefined {
  return run.symbols.find((one) => one.symbol === symbol);
}

/** Minutes of the day's date that the comparison has for a symbol. */
export function comparedMinutes(
  { date, comparison }: Pick<CutoverDay, 'date' | 'comparison'>,
  symbol: string,
): number {
  return comparison?.symbols.find((one) => one.symbol === symbol)?.comparedOn[date] ?? 0;
}

/** Puts a day's evidence together for `symbols`. */
export function cutoverDay(
  run: RunEvidence,
  comparison: ComparisonEvidence | undefined,
  symbols: readonly string[],
): CutoverDay {
  const { date, dayCandles } = run;
  const share = (candles: number): number => (dayCandles === 0 ? 0 : Math.min(1, candles / dayCandles));
  return {
    date,
    run,
    comparison,
    whole: Math.min(1, ...symbols.map((symbol) => share(runSymbol({ run }, symbol)?.whole ?? 0))),
    compared: Math.min(1, ...symbols.map((symbol) => share(comparedMinutes({ date, comparison }, symbol)))),
    late: run.symbols.reduce((sum, one) => sum + one.late, 0),
  };
}
