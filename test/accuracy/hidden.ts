/** Measures how often frames hide a price of a minute, for the bounds of `compare` (src/reconcile/hidden-prices.ts). */
import {
  HIDDEN_KINDS,
  HIDDEN_RANGES,
  HIDDEN_RATES,
  type HiddenKind,
  type HiddenRow,
} from '../../src/reconcile/hidden-prices.js';
import { ours } from './folds.js';
import { framesOf, tradesOf, trueBars, type DayOptions } from './market.js';
import { MODES } from './table.js';

interface Sum {
  minutes: number;
  hidden: number;
  ticks: number;
}

const FIELDS = { open: 'open', high: 'extreme', low: 'extreme', close: 'close' } as const;
type Mode = (typeof MODES)[number];

export type HiddenTable = Readonly<Record<Mode, Readonly<Record<HiddenKind, readonly HiddenRow[]>>>>;

/** Sums over days of an instrument. */
export class HiddenPrices {
  readonly #sums = new Map<string, Sum>();

  #sum(mode: Mode, kind: HiddenKind, rate: number, range: number): Sum {
    const key = `${mode} ${kind} ${rate} ${range}`;
    const there = this.#sums.get(key) ?? { minutes: 0, hidden: 0, ticks: 0 };
    this.#sums.set(key, there);
    return there;
  }

  /** Adds one instrument's day, in every mode and at every rate. */
  add(options: DayOptions): void {
    const { listing, session } = options;
    const trades = tradesOf(options);
    const truth = trueBars(session, trades);
    const tick = Math.max(1, Math.round(listing.tickSizeRupees * 100));
    for (const rate of HIDDEN_RATES) {
      const frames = framesOf(options, trades, rate);
      for (const mode of MODES) {
        for (const [minute, own] of ours(listing, session, frames, mode)) {
          const bar = truth.get(minute);
          if (bar === undefined || own.partial) continue;
          const range = HIDDEN_RANGES.findLastIndex((least) => own.high - own.low >= least * tick);
          for (const [field, kind] of Object.entries(FIELDS) as [keyof typeof FIELDS, HiddenKind][]) {
            const apart = Math.abs(bar[field] - own[field]) / tick;
            const sum = this.#sum(mode, kind, rate, range);
            sum.minutes++;
            if (apart <= 1) continue;
            sum.hidden++;
            sum.ticks += apart;
          }
        }
      }
    }
  }

  /** A class without minutes has the row of the class before; the mean of none hidden is 2 ticks. */
  rows(mode: Mode, kind: HiddenKind): HiddenRow[] {
    return HIDDEN_RATES.map((rate) => {
      const row: [number, number][] = [];
      for (const range of HIDDEN_RANGES.keys()) {
        const { minutes, hidden, ticks } = this.#sum(mode, kind, rate, range);
        const share = Number((hidden / minutes).toFixed(4));
        const mean = hidden === 0 ? 2 : Number((ticks / hidden).toFixed(2));
        row.push(minutes === 0 ? row[range - 1] : [share, mean]);
      }
      return row;
    });
  }

  get table(): HiddenTable {
    return Object.fromEntries(
      MODES.map((mode) => [
        mode,
        Object.fromEntries(HIDDEN_KINDS.map((kind) => [kind, this.rows(mode, kind)])),
      ]),
    ) as unknown as HiddenTable;
  }
}

/** `source`, src/reconcile/hidden-prices.ts, with these figures. */
export function hiddenSource(source: string, table: HiddenTable): string {
  const modes = MODES.map((mode) => {
    const kinds = HIDDEN_KINDS.map((kind) => {
      const rows = table[mode][kind].map(
        (row) => `      [${row.map((pair) => `[${pair.join(', ')}]`).join(', ')}],\n`,
      );
      return `    // prettier-ignore\n    ${kind}: [\n${rows.join('')}    ],\n`;
    });
    return `  ${mode}: {\n${kinds.join('')}  },\n`;
  });
  const head = '> = {\n';
  return `${source.slice(0, source.indexOf(head) + head.length)}${modes.join('')}};\n`;
}
