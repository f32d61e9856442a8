/** What a command line asks for, checked. Types. */
import type { RemoteFeed, ReplayArguments, StageConfig } from './config.js';
import type { Fault } from '../sim/faults/fault.js';

export interface SimulateArguments {
  readonly port: number;
  readonly seed: number;
  readonly speed: number;
  readonly atMs: number;
  readonly faults: readonly Fault[];
}

export interface InstrumentsArguments {
  readonly fetch: boolean;
  readonly from: string | undefined;
  readonly ca: string | undefined;
  readonly json: boolean;
}

export interface DoctorArguments {
  readonly feed: RemoteFeed;
  readonly instruments: string | undefined;
  readonly out: string;
  readonly json: boolean;
}

export interface CompareArguments {
  readonly ours: string;
  /** A folder or file, or whom to ask. */
  readonly reference:
    | string
    | { readonly feed: RemoteFeed | { readonly kind: 'sim' }; readonly instruments: string | undefined };
  /** Undefined: all of which there is a file of ours. */
  readonly symbols: readonly string[] | undefined;
  /** IST date, `YYYY-MM-DD`. */
  readonly date: string | undefined;
  readonly unexplainedPercent: number | undefined;
  readonly report: string | undefined;
  readonly html: string | undefined;
  readonly json: boolean;
  /** Width of the text. */
  readonly columns: number;
}

export interface CutoverArguments {
  /** Folders of reports, or files. */
  readonly runs: readonly string[];
  readonly days: number;
  readonly symbols: readonly string[] | undefined;
  readonly json: boolean;
}

export interface ReportArguments {
  /** The report of a run, JSON. */
  readonly file: string;
  /** Where the page goes; undefined: beside it. */
  readonly html: string | undefined;
}

export type Command =
  | { readonly kind: 'stage'; readonly config: StageConfig }
  | { readonly kind: 'simulate'; readonly options: SimulateArguments }
  | { readonly kind: 'decode' }
  | { readonly kind: 'doctor'; readonly options: DoctorArguments }
  | { readonly kind: 'instruments'; readonly options: InstrumentsArguments }
  | { readonly kind: 'compare'; readonly options: CompareArguments }
  | { readonly kind: 'replay'; readonly options: ReplayArguments }
  | { readonly kind: 'report'; readonly options: ReportArguments }
  | { readonly kind: 'cutover'; readonly options: CutoverArguments }
  /** Help or version: to be printed, and nothing else done. */
  | { readonly kind: 'text'; readonly text: string };
