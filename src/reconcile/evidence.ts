/** Reads reports of runs and comparisons for a cut-over. The files are untrusted. Pure. */
import { FIRST_RULES } from '../candles/rules.js';
import { isObject } from '../text/json.js';
import { nameOf } from '../market/instrument.js';

interface RunSymbol {
  /** The instrument's name: RELIANCE of NSE, BSE:RELIANCE of another exchange. */
  readonly symbol: string;
  /** Sealed whole candles. */
  readonly whole: number;
  readonly partial: number;
  readonly late: number;
}

export interface RunEvidence {
  readonly kind: 'run';
  readonly path: string;
  readonly runId: string;
  /** IST, `YYYY-MM-DD`. */
  readonly date: string;
  readonly feed: string;
  readonly mode: string;
  readonly volumeKind: string;
  /** By which packets became candles; 1 if the report does not say. */
  readonly rules: number;
  readonly verdict: string;
  /** True for a shadow run until the close. */
  readonly wholeDay: boolean;
  /** Minutes of continuous trading, and the auction. */
  readonly dayCandles: number;
  readonly failedGates: readonly string[];
  readonly disconnects: number;
  /** Minutes that a back-fill polled, all symbols; they count as not seen whole. */
  readonly polled: number;
  readonly symbols: readonly RunSymbol[];
}

interface ComparedSymbol {
  /** As in the run. */
  readonly symbol: string;
  /** Minutes whole on both sides, by IST date. */
  readonly comparedOn: Readonly<Record<string, number>>;
  readonly volumeCompared: boolean;
  readonly unexplained: number;
}

export interface ComparisonEvidence {
  readonly kind: 'comparison';
  readonly path: string;
  readonly comparedAt: string;
  /** 1m if the report does not say. */
  readonly timeframe: string;
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly dates: readonly string[];
  /** Feeds of our candles. */
  readonly feeds: readonly string[];
  /** Of our candles; 1 if the report does not say. */
  readonly rules: number;
  readonly values: { readonly compared: number; readonly explained: number; readonly unexplained: number };
  readonly symbols: readonly ComparedSymbol[];
}

export type CutoverEvidence = RunEvidence | ComparisonEvidence;

const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** With the exchange, unless that is NSE. */
const SYMBOL = /^(?:[A-Z]{3,5}:)?[A-Za-z0-9&][A-Za-z0-9&_-]{0,63}$/;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const objects = (value: unknown): Record<string, unknown>[] => list(value).filter(isObject);
const texts = (value: unknown): string[] => list(value).filter((one) => typeof one === 'string');
const isNamed = ({ symbol }: { readonly symbol: string }): boolean => SYMBOL.test(symbol);

function runFrom(path: string, report: Record<string, unknown>): RunEvidence | undefined {
  const options = isObject(report['options']) ? report['options'] : {};
  const market = isObject(report['market']) ? report['market'] : {};
  const [runId, date] = [text(report['runId']), text(market['date'])];
  if (
    runId === '' ||
    !DATE.test(date) ||
    !Array.isArray(report['gates']) ||
    !Array.isArray(report['symbols'])
  )
    return undefined;
  return {
    kind: 'run',
    path,
    runId,
    date,
    feed: text(report['feed']),
    mode: text(report['mode']),
    volumeKind: text(report['volumeKind']),
    rules: number(report['rules']) || FIRST_RULES,
    verdict: text(report['verdict']),
    wholeDay: options['shadow'] === true && options['untilClose'] === true,
    dayCandles: number(market['dayCandles']),
    failedGates: objects(report['gates'])
      .filter(({ status }) => status === 'fail')
      .map(({ id }) => text(id)),
    disconnects: list(report['disconnects']).length,
    polled: isObject(report['backFill']) ? number(report['backFill']['polled']) : 0,
    symbols: objects(report['symbols'])
      .map(({ symbol, whole, partial, late }) => ({
        symbol: text(symbol),
        whole: number(whole),
        partial: number(partial),
        late: number(late),
      }))
      .filter(isNamed),
  };
}

function comparedSymbol({
  symbol,
  exchange,
  comparedOn,
  volumeCompared,
  unexplained,
}: Record<string, unknown>): ComparedSymbol {
  const on = isObject(comparedOn) ? Object.entries(comparedOn).filter(([date]) => DATE.test(date)) : [];
  return {
    symbol: nameOf({ symbol: text(symbol), exchange: text(exchange) || 'NSE' }),
    comparedOn: Object.fromEntries(on.map(([date, minutes]) => [date, number(minutes)])),
    volumeCompared: volumeCompared === true,
    unexplained: number(unexplained),
  };
}

function comparisonFrom(path: string, report: Record<string, unknown>): ComparisonEvidence {
  const values = isObject(report['values']) ? report['values'] : {};
  const ours = isObject(report['ours']) ? report['ours'] : {};
  return {
    kind: 'comparison',
    path,
    comparedAt: text(report['comparedAt']),
    timeframe: text(report['timeframe']) || '1m',
    verdict: text(report['verdict']),
    reasons: texts(report['reasons']),
    dates: objects(report['spans'])
      .map(({ date }) => text(date))
      .filter((date) => DATE.test(date)),
    feeds: texts(ours['feeds']),
    rules: number(ours['rules']) || FIRST_RULES,
    values: {
      compared: number(values['compared']),
      explained: number(values['explained']),
      unexplained: number(values['unexplained']),
    },
    symbols: objects(report['symbols']).map(comparedSymbol).filter(isNamed),
  };
}

/** Undefined if the file is no report of a run or comparison, or of a version without a date. */
export function evidenceFrom(path: string, value: unknown): CutoverEvidence | undefined {
  if (!isObject(value)) return undefined;
  return value['kind'] === 'comparison' ? comparisonFrom(path, value) : runFrom(path, value);
}
