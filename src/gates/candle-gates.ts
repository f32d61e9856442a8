/** Gates of candles, their schema and the momentum rule's evaluations. Pure. */
import { count } from '../text/count.js';
import { named } from '../text/named.js';
import type { Facts, SymbolFacts } from './facts.js';
import type { Gate, Judgement } from './gate.js';

/** Minute boundaries after which every symbol must have a whole sealed candle. */
const BOUNDARIES = 2;

function judgeCandles({ symbols, market, interrupted }: Facts): Judgement {
  const expected = 'a whole minute sealed for every symbol, once two boundaries have passed';
  // A session that opened later than the feed has had fewer boundaries.
  const isEarly = ({ boundaries }: SymbolFacts): boolean =>
    market.boundaries >= BOUNDARIES && boundaries < BOUNDARIES;
  const without = symbols
    .filter((symbol) => symbol.whole === 0 && !isEarly(symbol))
    .map(({ symbol }) => symbol);
  const sum = (pick: (symbol: SymbolFacts) => number): number =>
    symbols.reduce((total, symbol) => total + pick(symbol), 0);
  const [whole, partial, revised, strays] = [
    sum((symbol) => symbol.whole),
    sum((symbol) => symbol.partial),
    sum((symbol) => symbol.revisions),
    sum((symbol) => symbol.figures.volumeStrays),
  ];
  const observed =
    `${count(whole, 'whole candle')} of ${symbols.length - without.length} of ${count(symbols.length, 'symbol')}, ${partial} partial` +
    (revised > 0 ? `, ${count(revised, 'revision')}` : '') +
    (strays > 0 ? `, ${count(strays, 'stray volume')} taken back` : '');
  if (without.length === 0) {
    const fallen = symbols.filter(({ figures }) => figures.volumeResets > 0).map(({ symbol }) => symbol);
    if (fallen.length > 0)
      return {
        status: 'warn',
        observed,
        expected,
        remedy: `The day's volume fell in packets of ${named(fallen)}: the volume of the minutes around it may be wrong.`,
      };
    if (market.hoursUnknown !== undefined)
      return {
        status: 'warn',
        observed,
        expected,
        remedy: `The session's hours are assumed: ${market.hoursUnknown}.`,
      };
    return { status: 'pass', observed, expected };
  }
  if (market.boundaries < BOUNDARIES) {
    const early = `${observed}; ${count(market.boundaries, 'boundary', 'boundaries')} passed`;
    return interrupted || !market.inContinuous
      ? { status: 'skip', observed: early, expected }
      : {
          status: 'warn',
          observed: early,
          expected,
          remedy: 'Too short a run for a whole minute of every symbol.',
        };
  }
  return {
    status: 'fail',
    observed,
    expected,
    remedy: `No whole candle of ${named(without)}: silent, or every minute touched by a gap.`,
  };
}

function judgeSchema({ schema, historyGiven }: Facts): Judgement {
  const expected = 'names, order, types and zone equal those of the existing files';
  if (!historyGiven)
    return {
      status: 'skip',
      observed: 'no --history given, so there is no existing file to compare with',
      expected,
    };
  if (schema === undefined)
    return {
      status: 'skip',
      observed: '--history has no file of these symbols, or no candle was written',
      expected,
    };
  if (schema.length === 0) return { status: 'pass', observed: 'equal', expected };
  return {
    status: 'fail',
    observed: named(schema),
    expected,
    remedy: 'Readers that join both files will fail: find out which side is right before either is used.',
  };
}

function judgeMomentum({ momentum }: Facts): Judgement {
  const expected = 'the rule evaluated on first-sealed candles (dry run: nothing is ever ordered)';
  const { evaluations, failures, differences = [] } = momentum;
  const full = evaluations.filter((evaluation) => evaluation.evaluated).length;
  const signals = evaluations.reduce((sum, evaluation) => sum + evaluation.signals.length, 0);
  const observed =
    `${count(full, 'full evaluation')}, ${count(signals, 'signal')}, ${evaluations.length - full} insufficient` +
    (differences.length > 0 ? `, ${count(differences.length, 'difference')} on the final candles` : '');
  if (failures.length > 0)
    return { status: 'fail', observed, expected, remedy: `An evaluation broke: ${failures[0]}` };
  if (full > 0) return { status: 'pass', observed, expected };
  return {
    status: 'warn',
    observed,
    expected,
    remedy:
      'Twenty whole candles are needed before the rule can be evaluated: give --history with earlier candles of the same volume_kind, ' +
      'or in quote and snapquote mode --warm-up.',
  };
}

export const CANDLE_GATES = [
  {
    id: 'candles',
    title: (symbols) => (symbols === 1 ? 'Candles finalized' : 'Candles finalized for all symbols'),
    live: true,
    judge: judgeCandles,
  },
  { id: 'schema', title: () => 'Schema as existing files', live: false, judge: judgeSchema },
  {
    id: 'momentum',
    title: () => 'Momentum evaluation executed (dry run)',
    live: true,
    judge: judgeMomentum,
  },
] as const satisfies readonly Gate[];
