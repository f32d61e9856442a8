/** The momentum rule on one candle. A dry run: it makes signal records, and there is no order type. Pure. */
import { istStamp } from '../market/session.js';

export interface MomentumParams {
  /** Candles in the mean volume. */
  readonly volMaWindow: number;
  /** Maximum distance of the close below the high of day, percent of the high. */
  readonly hodProximityPct: number;
  /** Minimum volume, multiple of the mean. */
  readonly volMultiplier: number;
}

export const DEFAULT_PARAMS: MomentumParams = { volMaWindow: 20, hodProximityPct: 0.5, volMultiplier: 2 };

/** A signal, with the names that existing consumers read. */
export interface Signal {
  readonly symbol: string;
  /** Start of the candle, `YYYY-MM-DDTHH:mm:ss+05:30`. */
  readonly timestamp: string;
  readonly signal_type: 'MOMENTUM_LONG';
  readonly confidence: number;
  readonly entry_hint: string;
  readonly stop_hint: string;
  readonly reason: string;
  /** Close, rupees. */
  readonly price_t0: number;
  readonly volume_t0: number;
}

/** The indicators include the candle. */
export interface RuleInput {
  readonly symbol: string;
  readonly timestampMs: number;
  readonly high: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number | null;
  readonly hod: number;
  readonly relVol: number | null;
}

/** Every golden signal has confidence 1. */
const CONFIDENCE = 1;

/**
 * `value` with `digits` decimals, ties to even by its exact binary value, as `%.2f` in other languages; `toFixed`
 * rounds ties up.
 */
export function decimals(value: number, digits: number): string {
  // A double is a tie only if it is an odd multiple of 2^-(digits+1). Scaling by a power of two is exact.
  const halves = Math.abs(value) * 2 ** (digits + 1);
  if (halves % 2 !== 1) return value.toFixed(digits);
  // With one more digit a tie is exact and ends in 5; cutting the 5 rounds towards zero.
  const below = value
    .toFixed(digits + 1)
    .slice(0, -1)
    .replace(/\.$/, '');
  return Number(below.at(-1)) % 2 === 0 ? below : value.toFixed(digits);
}

/** Null if nothing was traded, or without a mean volume. */
export interface RuleConditions {
  readonly aboveVwap: boolean | null;
  /** Of the close below the high of day, percent of the high. */
  readonly distancePct: number;
  readonly nearHod: boolean;
  readonly volumeSurge: boolean | null;
}

export function ruleConditions(
  { close, vwap, hod, relVol }: Pick<RuleInput, 'close' | 'vwap' | 'hod' | 'relVol'>,
  params: MomentumParams,
): RuleConditions {
  const distancePct = ((hod - close) / hod) * 100;
  return {
    aboveVwap: vwap === null ? null : close > vwap,
    distancePct,
    nearHod: distancePct <= params.hodProximityPct,
    volumeSurge: relVol === null ? null : relVol >= params.volMultiplier,
  };
}

/** Undefined without a signal. Requires a VWAP and a relative volume. */
export function momentumSignal(input: RuleInput, params: MomentumParams): Signal | undefined {
  const { symbol, timestampMs, high, close, volume, vwap, hod, relVol } = input;
  if (vwap === null || relVol === null) return undefined;
  const { aboveVwap, distancePct, nearHod, volumeSurge } = ruleConditions(input, params);
  if (aboveVwap !== true || !nearHod || volumeSurge !== true) return undefined;
  const reasons = [
    `Price (${decimals(close, 2)}) > VWAP (${decimals(vwap, 2)})`,
    `Near HOD (${decimals(hod, 2)}, dist ${decimals(distancePct, 2)}%)`,
    `Vol surge (x${decimals(relVol, 1)})`,
  ];
  return {
    symbol,
    timestamp: istStamp(timestampMs),
    signal_type: 'MOMENTUM_LONG',
    confidence: CONFIDENCE,
    entry_hint: `Above ${decimals(high, 2)}`,
    stop_hint: `Below ${decimals(vwap, 2)}`,
    reason: reasons.join('; '),
    price_t0: close,
    volume_t0: volume,
  };
}
