/** The compared fields of a candle. */

export const PRICES = ['open', 'high', 'low', 'close'] as const;
export const FIELDS = [...PRICES, 'volume'] as const;
export type CandleField = (typeof FIELDS)[number];

/** Volumes are counts, so they are never within a tick. */
export type Agreement = 'exact' | 'withinTick' | 'different';
