/**
 * How often, and by how many ticks, a conflated feed hides a minute's price. Measured on simulated days whose every
 * trade is known, with trades in bursts and the delays of the real feed: `npm run accuracy` writes the figures into
 * hidden-data.ts and docs/accuracy.md.
 */

/** Packets a second of an instrument. */
export const HIDDEN_RATES = [0.25, 0.5, 1, 2, 4] as const;
/** The least range, in ticks, of our candle in each class. Busy minutes hide more. */
export const HIDDEN_RANGES = [0, 3, 6, 12, 24, 48] as const;
export const HIDDEN_KINDS = ['open', 'extreme', 'close'] as const;
export type HiddenKind = (typeof HIDDEN_KINDS)[number];

/** By class of range: share of minutes whose price is more than a tick off, and their mean distance in ticks. */
export type HiddenRow = readonly (readonly [share: number, ticks: number])[];

export interface HiddenMode {
  /**
   * By kind: how much instruments of one range and packet rate differ in their share of hidden prices, as a share of
   * it. A standard deviation over days of an instrument.
   */
  readonly spread: Readonly<Record<HiddenKind, number>>;
  /** By class of range: ticks beyond which five prices in ten thousand are off, at rates as measured or higher. */
  readonly reach: readonly number[];
  /** By kind, then rate. */
  readonly rows: Readonly<Record<HiddenKind, readonly HiddenRow[]>>;
}

export type HiddenTable = Readonly<Record<'ltp' | 'quote' | 'snapquote', HiddenMode>>;
