/** Facts that make the gates of candles, schema and momentum pass, warn, fail or be skipped. */
import { figures, firstSymbol, part, type GateCase } from './change.js';

export const CANDLE_CASES: readonly GateCase[] = [
  [
    'a symbol without a whole minute after two boundaries',
    'candles',
    'fail',
    firstSymbol((symbol) => ({ ...symbol, whole: 0 })),
    /RELIANCE/,
  ],
  [
    'one boundary only',
    'candles',
    'warn',
    (facts) => part('market', { boundaries: 1 })(firstSymbol((symbol) => ({ ...symbol, whole: 0 }))(facts)),
    /short/,
  ],
  ['a volume that fell', 'candles', 'warn', figures({ volumeResets: 1 }), /RELIANCE/],
  [
    'hours that the data does not cover',
    'candles',
    'warn',
    part('market', { hoursUnknown: 'the data ends' }),
    /assumed/,
  ],
  [
    'a column of another type',
    'schema',
    'fail',
    (facts) => ({ ...facts, schema: ['volume is int64 in ours and double in the existing file.'] }),
    /join/,
  ],
  ['no history', 'schema', 'skip', (facts) => ({ ...facts, historyGiven: false, schema: undefined }), /./],
  ['an evaluation that breaks', 'momentum', 'fail', part('momentum', { failures: ['boom'] }), /boom/],
  ['no full evaluation', 'momentum', 'warn', part('momentum', { evaluations: [] }), /Twenty/],
];
