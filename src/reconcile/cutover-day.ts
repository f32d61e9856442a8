/** A day's evidence for a cut-over: its shadow run and newest comparison. Pure. */
import type { ComparisonEvidence, RunEvidence } from './evidence.js';

export interface CutoverDay {
  /** IST date, `YYYY-MM-DD`. */
  readonly date: string;
  readonly run: RunEvidence;
  /** The date's newest. */
  readonly comparison: ComparisonEvidence | undefined;
  /** The symbols' smallest share of the day's candles that are whole, 0 to 1. */
  readonly whole: number;
  /** The symbols' smallest share of the day's candles that were compared, 0 to 1. */
  readonly compared: number;
  /** Late ticks, all symbols. */
  readonly late: number;
}

/** Undefined when the run did not have the symbol. */
export function runSymbol(
  { run }: Pick<CutoverDay, 'run'>,
  symbol: string,
): RunEvidence['symbols'][number] | undefined {
  return run.symbols.find((one) => one.symbol === symbol);
}

/** Minutes of the date that the comparison has for a symbol. */
export function comparedMinutes(
  { date, comparison }: Pick<CutoverDay, 'date' | 'comparison'>,
  symbol: string,
): number {
  return comparison?.symbols.find((one) => one.symbol === symbol)?.comparedOn[date] ?? 0;
}

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
