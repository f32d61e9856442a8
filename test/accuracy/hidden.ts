/** Measures how often frames hide a price of a minute, for the bounds of `compare` (src/reconcile/hidden-prices.ts). */
import {
  HIDDEN_KINDS,
  HIDDEN_RANGES,
  HIDDEN_RATES,
  type HiddenKind,
  type HiddenMode,
  type HiddenRow,
  type HiddenTable,
} from '../../src/reconcile/hidden-prices.js';
import { ours } from './folds.js';
import { framesOf, tradesOf, trueBars, type DayOptions } from './market.js';
import { MEASURED_RATE, MODES } from './table.js';

interface Sum {
  minutes: number;
  hidden: number;
  ticks: number;
}

/** Hidden prices of one day of an instrument, and its minutes by class of range. */
interface DaySum {
  readonly mode: Mode;
  readonly kind: HiddenKind;
  readonly rate: number;
  readonly minutes: number[];
  hidden: number;
}

const FIELDS = { open: 'open', high: 'extreme', low: 'extreme', close: 'close' } as const;
/** Prices that may be beyond the reach: half of what may differ unexplained. */
const BEYOND_REACH = 0.0005;
/** Days that say something of the spread hide at least this many prices. */
const MIN_EXPECTED = 20;
type Mode = (typeof MODES)[number];

/** Sums over days of an instrument. */
export class HiddenPrices {
  readonly #sums = new Map<string, Sum>();
  readonly #days: DaySum[] = [];
  /** By mode and class of range: how often each distance in whole ticks was seen. */
  readonly #distances = Object.fromEntries(
    MODES.map((mode) => [mode, HIDDEN_RANGES.map(() => new Map<number, number>())]),
  );

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
      const frames = framesOf(options, trades, rate, { isLate: true });
      for (const mode of MODES) {
        const days = HIDDEN_KINDS.map((kind): DaySum => {
          const minutes = HIDDEN_RANGES.map(() => 0);
          return { mode, kind, rate, minutes, hidden: 0 };
        });
        this.#days.push(...days);
        for (const [minute, own] of ours(listing, session, frames, mode)) {
          const bar = truth.get(minute);
          if (bar === undefined || own.partial) continue;
          const range = HIDDEN_RANGES.findLastIndex((least) => own.high - own.low >= least * tick);
          for (const [field, kind] of Object.entries(FIELDS) as [keyof typeof FIELDS, HiddenKind][]) {
            const apart = Math.abs(bar[field] - own[field]) / tick;
            const day = days[HIDDEN_KINDS.indexOf(kind)];
            day.minutes[range]++;
            if (apart > 1) day.hidden++;
            this.#count(this.#sum(mode, kind, rate, range), apart);
            if (2 * rate < MEASURED_RATE[mode]) continue;
            const distances = this.#distances[mode][range];
            distances.set(Math.ceil(apart), (distances.get(Math.ceil(apart)) ?? 0) + 1);
          }
        }
      }
    }
  }

  #count(sum: Sum, apart: number): void {
    sum.minutes++;
    if (apart <= 1) return;
    sum.hidden++;
    sum.ticks += apart;
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

  /** What is left of the days' deviations from their expected numbers without chance, as a share of these. */
  #spread(ofMode: Mode, ofKind: HiddenKind): number {
    let [squares, count] = [0, 0];
    for (const { mode, kind, rate, minutes, hidden } of this.#days) {
      if (mode !== ofMode || kind !== ofKind || 2 * rate < MEASURED_RATE[mode]) continue;
      let [expected, variance] = [0, 0];
      for (const [range, number] of minutes.entries()) {
        const sum = this.#sum(mode, kind, rate, range);
        const share = sum.minutes === 0 ? 0 : sum.hidden / sum.minutes;
        expected += number * share;
        variance += number * share * (1 - share);
      }
      if (expected < MIN_EXPECTED) continue;
      squares += ((hidden - expected) ** 2 - variance) / expected ** 2;
      count++;
    }
    return count === 0 ? 0 : Number(Math.sqrt(Math.max(0, squares / count)).toFixed(3));
  }

  /** By class of range, at least that of the class before. */
  #reach(mode: Mode): number[] {
    let least = 0;
    return this.#distances[mode].map((distances) => {
      const total = [...distances.values()].reduce((sum, one) => sum + one, 0);
      let beyond = total;
      for (const [ticks, number] of [...distances].sort(([a], [b]) => a - b)) {
        if (beyond <= BEYOND_REACH * total) break;
        beyond -= number;
        least = Math.max(least, ticks);
      }
      return least;
    });
  }

  get table(): HiddenTable {
    const byKind = <T>(of: (kind: HiddenKind) => T): Record<HiddenKind, T> =>
      Object.fromEntries(HIDDEN_KINDS.map((kind) => [kind, of(kind)])) as Record<HiddenKind, T>;
    const of = (mode: Mode): HiddenMode => ({
      spread: byKind((kind) => this.#spread(mode, kind)),
      reach: this.#reach(mode),
      rows: byKind((kind) => this.rows(mode, kind)),
    });
    return { ltp: of('ltp'), quote: of('quote'), snapquote: of('snapquote') };
  }
}

/** src/reconcile/hidden-data.ts with these figures; `source` is the file. */
export function hiddenSource(source: string, table: HiddenTable): string {
  const modes = MODES.map((mode) => {
    const { spread, reach, rows } = table[mode];
    const kinds = HIDDEN_KINDS.map((kind) => {
      const lines = rows[kind].map(
        (row) => `        [${row.map((pair) => `[${pair.join(', ')}]`).join(', ')}],\n`,
      );
      return `      // prettier-ignore\n      ${kind}: [\n${lines.join('')}      ],\n`;
    });
    const spreads = HIDDEN_KINDS.map((kind) => `${kind}: ${spread[kind]}`).join(', ');
    return `  ${mode}: {\n    spread: { ${spreads} },\n    reach: [${reach.join(', ')}],\n    rows: {\n${kinds.join('')}    },\n  },\n`;
  });
  const head = 'HiddenTable = {\n';
  return `${source.slice(0, source.indexOf(head) + head.length)}${modes.join('')}};\n`;
}
