/** A row of catalogue.ts. */

type Turned = 'warn' | 'fail';

/** Rows share the run of this name. What strikes in `minutes`, counted from 11:00, is this row's. */
export interface Share {
  readonly run: string;
  readonly minutes: readonly number[];
}

export interface Row {
  /** As on the command line; several are on at once. */
  readonly faults: readonly string[];
  /** Without it, the row has a run of its own. */
  readonly share?: Share;
  /** What the client does. */
  readonly client: string;
  /** Words that are all in the report; without a run, in standard error. */
  readonly says: readonly string[];
  /** Counters of the report. */
  readonly counted?: Readonly<Record<string, number>>;
  /** Gates that do not pass, and their status. No other gate changes, but for those of rows that share the run. */
  readonly gates: Readonly<Record<string, Turned>>;
  /** Gate `lag` with a feed at a real speed (stepped time skips it): its status, and words that are in the report. */
  readonly lag?: { readonly status: Turned; readonly says: string };
  /** Exit code if there is no run. */
  readonly exit?: number;
  readonly mode?: 'quote';
  /** Whether whole minutes equal those of a run without the fault. */
  readonly untouched: boolean;
  /** Gaps in the report, `HH:mm:ss to HH:mm:ss`. Each candle that one touches is partial and says its length. */
  readonly gaps?: readonly string[];
  /** Partial minutes and their symbols, if not the first and last minute and those of the gaps, with 3 symbols each. */
  readonly partial?: readonly string[];
}

/** A row's place in a shared run. */
export const share = (run: string, ...minutes: readonly number[]): { readonly share: Share } => ({
  share: { run, minutes },
});
