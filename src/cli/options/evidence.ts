/** Options for the candles, journals and reports that a command reads, and how it judges them. Data. */
import { CUTOVER_DAYS, UNEXPLAINED_PERCENT } from '../../reconcile/defaults.js';
import { TIMEFRAMES } from '../../market/timeframe.js';
import {
  date,
  modeName,
  number,
  oneOf,
  path,
  reader,
  segmentNames,
  symbolNames,
  tokenNames,
  type Reader,
} from '../values.js';
import { JOURNALS } from './output.js';
import { belongsTo, excludes, flag, positional, value, words } from './row.js';

const OURS = 'folder of the candles of a run, its --out';
const REFERENCE =
  'folder with NSE_{SYMBOL}_1m.parquet polled over REST, a file of JSON lines (.jsonl), or the --out of another run';
const REPORTS =
  'folders with reports of shadow runs and of comparisons (compare --report), e.g. data/test/reports';

const times = number({
  min: 0.1,
  max: 100_000,
  decimals: true,
  unit: 'times as fast as it was, or max',
});
/** Times as fast as the run was; undefined without a limit. */
const replaySpeed: Reader<number | undefined> = reader(times.takes, (text, name) =>
  text === 'max' ? undefined : times.read(text, name),
);

export const EVIDENCE_OPTIONS = [
  value({
    name: 'ours',
    commands: ['compare'],
    placeholder: 'DIR',
    reader: path,
    help: OURS,
    missing: `--ours is missing: ${OURS}.`,
  }),
  value({
    name: 'reference',
    commands: ['compare'],
    placeholder: 'DIR|FILE',
    reader: path,
    help: REFERENCE,
    missing: (given) =>
      given.has('fetch') ? undefined : `--reference is missing: ${REFERENCE}; or --fetch, which polls it.`,
    rules: [excludes('fetch', 'one reads what was polled, the other polls')],
  }),
  value({
    name: 'symbols',
    commands: ['compare'],
    placeholder: 'A,B',
    reader: symbolNames,
    help: 'only these, A,B',
    defaultHelp: 'all of which there are candles of ours',
  }),
  value({
    name: 'timeframe',
    commands: ['compare'],
    placeholder: 'NAME',
    reader: oneOf(Object.fromEntries(TIMEFRAMES.map((name) => [name, name]))),
    help: `length of the candles of both sides: ${TIMEFRAMES.join(', ')}; longer ones than 1m from the opening`,
    default: '1m',
  }),
  value({
    name: 'date',
    commands: ['compare'],
    placeholder: 'DATE',
    reader: date,
    help: 'only candles of this day, YYYY-MM-DD',
    defaultHelp: 'all days',
  }),
  value({
    name: 'unexplained',
    as: 'unexplainedPercent',
    commands: ['compare'],
    placeholder: 'PERCENT',
    reader: number({ min: 0, max: 100, decimals: true, unit: 'percent of the values' }),
    help: 'percent of the values that may differ without a cause',
    defaultHelp: String(UNEXPLAINED_PERCENT),
  }),
  words({
    name: 'runs',
    commands: ['cutover'],
    placeholder: 'DIR...',
    reader: path,
    help: REPORTS,
    missing: `--runs is missing: ${REPORTS}.`,
  }),
  value({
    name: 'days',
    commands: ['cutover'],
    placeholder: 'N',
    reader: number({ min: 1, max: 60 }),
    default: String(CUTOVER_DAYS),
    help: 'newest days that must be good',
  }),
  value({
    name: 'symbols',
    commands: ['cutover'],
    placeholder: 'A,B',
    reader: symbolNames,
    help: 'only these, A,B',
    defaultHelp: 'all that the runs had',
  }),
  positional({
    name: 'journal',
    commands: ['replay'],
    placeholder: 'JOURNAL',
    reader: path,
    help: "folder of a run's journal",
  }),
  positional({
    name: 'journal',
    commands: ['backfill'],
    placeholder: 'JOURNAL',
    reader: path,
    help: "folder of a run's journal",
  }),
  value({
    name: 'run-report',
    commands: ['backfill'],
    placeholder: 'FILE',
    reader: path,
    help: "the run's report, if the run had --report",
    defaultHelp: 'data/test/reports/RUN.json',
  }),
  positional({
    name: 'source',
    commands: ['ticks'],
    placeholder: 'JOURNAL|FILE',
    reader: path,
    help: "folder of a run's journal; with --into a recording, JSON lines or CSV",
  }),
  value({
    name: 'into',
    commands: ['ticks'],
    placeholder: 'DIR',
    reader: path,
    help: 'make a journal of the recording, in this new folder',
  }),
  value({
    name: 'date',
    commands: ['ticks'],
    placeholder: 'DATE',
    reader: date,
    help: 'the day of the recording to take, YYYY-MM-DD',
    defaultHelp: 'its only one',
    rules: [belongsTo('into')],
  }),
  value({
    name: 'mode',
    commands: ['ticks'],
    placeholder: 'MODE',
    reader: modeName,
    help: 'the packets of the recording to take',
    defaultHelp: 'its only mode',
    rules: [belongsTo('into')],
  }),
  value({
    name: 'symbols',
    commands: ['ticks'],
    placeholder: 'TOKEN=A,...',
    reader: tokenNames,
    help: 'names of tokens, e.g. 2885=RELIANCE,BSE:99919000=SENSEX',
    defaultHelp: "the recording's column of symbols, the instrument file, the NIFTY 50, else the token",
    rules: [belongsTo('into')],
  }),
  value({
    name: 'instruments',
    commands: ['ticks'],
    placeholder: 'FILE',
    reader: path,
    help: "the broker's instrument file, for symbols",
    defaultHelp: 'the newest that was fetched',
    rules: [belongsTo('into')],
  }),
  flag({
    name: 'rupees',
    commands: ['ticks'],
    help: "the recording's prices are in rupees; else they are as its price_unit says, or in paise",
    rules: [belongsTo('into')],
  }),
  value({
    name: 'speed',
    commands: ['replay'],
    placeholder: 'N|max',
    reader: replaySpeed,
    default: 'max',
    help: 'times as fast as the run was, or max',
  }),
  positional({
    name: 'journals',
    commands: ['journals'],
    placeholder: 'DIR',
    reader: path,
    default: JOURNALS,
    help: 'folder of the journals, the --journal of runs',
  }),
  flag({
    name: 'compact',
    commands: ['journals'],
    help: 'compact what runs left raw, of runs that are over; killed runs can be resumed as before',
  }),
  positional({
    name: 'action',
    commands: ['calendar'],
    placeholder: 'show|add',
    reader: oneOf({ show: 'show', add: 'add' } as const),
    default: 'show',
    help: 'show: what is covered, and from where; add: take the days of a file',
  }),
  positional({
    name: 'list',
    commands: ['calendar'],
    placeholder: 'FILE',
    reader: { takes: 'a path', read: (text) => text },
    default: '',
    defaultHelp: 'none',
    help: "with add: NSE's list of trading holidays, JSON or CSV, or a file of your own days",
  }),
  value({
    name: 'segments',
    commands: ['calendar'],
    placeholder: 'A,B',
    reader: segmentNames,
    defaultHelp: 'as the list says; for a CSV NSE,BSE,NFO,BFO',
    help: 'with add: the segments that the days are for, of NSE, BSE, NFO, BFO, MCX, CDS',
  }),
  positional({
    name: 'file',
    commands: ['report'],
    placeholder: 'FILE',
    reader: path,
    help: "a run's report, JSON, e.g. data/test/reports/latest.json",
  }),
] as const;
