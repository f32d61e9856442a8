/** Options for what is written, served and printed. Data. */
import { natsServers, number, path, PORTS, symbolNames, time, timeframeNames } from '../values.js';
import { belongsTo, excludes, flag, positional, value, type Rule } from './row.js';
import { RUNS } from './run.js';

const port = number({ ...PORTS, unit: 'a port of this machine, 0 for any that is free' });
/** The folder of the journals. */
export const JOURNALS = 'data/test/journal';
/** A run's candle folder, by feed. */
export const OUT = { live: 'data/test/websocket_candles', other: 'data/test/sim/websocket_candles' } as const;

/** Only for servers that show a certificate. */
const encryptedOnly: Rule = (given, name) =>
  given.text('publish')!.startsWith('tls://') ? undefined : `--${name} belongs to --publish tls://...`;

export const OUTPUT_OPTIONS = [
  value({
    name: 'out',
    commands: [...RUNS, 'doctor'],
    placeholder: 'DIR',
    reader: path,
    help: 'folder of the candles',
    defaultHelp: `${OUT.live}, for any other feed than live ${OUT.other}`,
    recorded: true,
  }),
  value({
    name: 'out',
    commands: ['replay'],
    placeholder: 'DIR',
    reader: path,
    help: 'folder of the candles',
    defaultHelp: 'data/test/replay/RUN',
  }),
  value({
    name: 'out',
    commands: ['backfill'],
    placeholder: 'DIR',
    reader: path,
    help: "folder of the run's candles, if it is elsewhere now",
    defaultHelp: "the run's --out",
  }),
  value({
    name: 'out',
    commands: ['ticks'],
    placeholder: 'DIR',
    reader: path,
    help: 'folder of the files: a new or empty one, or an export that is replaced',
    defaultHelp: 'data/test/ticks/RUN',
    rules: [excludes('into')],
  }),
  flag({
    name: 'one-file',
    commands: ['ticks'],
    help: 'one file for all instruments, in place of one for each',
    rules: [excludes('into')],
  }),
  flag({
    name: 'csv',
    commands: ['ticks'],
    help: 'CSV in place of Parquet',
    rules: [excludes('into'), excludes('jsonl')],
  }),
  flag({
    name: 'jsonl',
    commands: ['ticks'],
    help: "JSON lines in place of Parquet, as the broker's Python client shows packets",
    rules: [excludes('into')],
  }),
  flag({
    name: 'raw',
    commands: ['ticks'],
    help: 'prices as the integers of the wire, paise, in place of rupees',
    rules: [excludes('into')],
  }),
  value({
    name: 'timeframes',
    commands: RUNS,
    placeholder: 'LIST',
    reader: timeframeNames,
    default: '1m',
    help: 'lengths of candles, e.g. 1m,5m,1h; 1m is always there',
    recorded: true,
  }),
  value({
    name: 'timeframes',
    commands: ['replay'],
    placeholder: 'LIST',
    reader: timeframeNames,
    help: 'lengths of candles, e.g. 1m,5m,1h; 1m is always there',
    defaultHelp: "the run's",
  }),
  value({
    name: 'history',
    commands: RUNS,
    placeholder: 'DIR',
    reader: path,
    help: 'folder with NSE_{SYMBOL}_1m.parquet, read for momentum and schema, never written',
    recorded: true,
  }),
  value({
    name: 'history',
    commands: ['replay'],
    placeholder: 'DIR',
    reader: path,
    help: "another folder of history than the run's",
  }),
  value({
    name: 'report',
    commands: RUNS,
    placeholder: 'FILE',
    reader: path,
    help: 'write the report to this file only, and no page',
    defaultHelp: 'data/test/reports/latest.json, one per run and its page',
  }),
  value({
    name: 'report',
    commands: ['compare'],
    placeholder: 'FILE',
    reader: path,
    help: 'also write the comparison to this file, as JSON',
  }),
  value({
    name: 'html',
    commands: ['compare'],
    placeholder: 'FILE',
    reader: path,
    help: 'also write it to this file, as a page',
  }),
  value({
    name: 'html',
    commands: ['report'],
    placeholder: 'FILE',
    reader: path,
    help: 'the page to write',
    defaultHelp: 'next to the report, its name with .html',
  }),
  value({
    name: 'journal',
    commands: RUNS,
    placeholder: 'DIR',
    reader: path,
    default: JOURNALS,
    help: 'folder of the journals: every frame as it came',
    rules: [excludes('no-journal')],
  }),
  flag({
    name: 'no-journal',
    commands: RUNS,
    help: 'keep no journal: no replay and no --resume',
  }),
  value({
    name: 'keep-gb',
    commands: RUNS,
    placeholder: 'N',
    reader: number({ min: 0, max: 1_000_000, decimals: true, unit: 'GB of 10^9 bytes' }),
    default: '8',
    help: 'before the run remove the oldest journals of earlier runs until all take at most this many GB',
    rules: [excludes('no-journal')],
  }),
  value({
    name: 'keep-days',
    commands: RUNS,
    placeholder: 'N',
    reader: number({ min: 0, max: 36_500, decimals: true, unit: 'days' }),
    help: 'before the run remove the journals of runs that ended longer ago than this many days',
    defaultHelp: 'however old',
    rules: [excludes('no-journal')],
  }),
  value({
    name: 'dashboard',
    commands: RUNS,
    placeholder: 'PORT',
    reader: port,
    bare: '8475',
    help: 'serve a page that shows the run, to this machine only; 0: any port that is free',
  }),
  value({
    name: 'metrics',
    commands: RUNS,
    placeholder: 'PORT',
    reader: port,
    bare: '9475',
    help: 'serve metrics for Prometheus at /metrics, to this machine only; 0: any port that is free',
    rules: [
      (given) => {
        const [page, own] = [Number(given.text('dashboard')), Number(given.text('metrics'))];
        return page === own && own > 0
          ? `--dashboard and --metrics cannot both have port ${own}.`
          : undefined;
      },
    ],
  }),
  flag({
    name: 'quiet',
    commands: RUNS,
    help: 'say only what is wrong, and the verdict',
    rules: [excludes('verbose')],
  }),
  flag({
    name: 'verbose',
    commands: RUNS,
    help: 'say each event as it happens, and what was expected of each gate',
  }),
  flag({
    name: 'json',
    commands: RUNS,
    help: 'print the report on standard output, and nothing else there',
    rules: [excludes('stream')],
  }),
  flag({
    name: 'stream',
    commands: [...RUNS, 'replay'],
    help: 'print each candle, revision and gap as one line of JSON on standard output, and nothing else there',
    rules: [excludes('json')],
  }),
  value({
    name: 'publish',
    commands: [...RUNS, 'replay'],
    placeholder: 'SERVERS',
    reader: natsServers,
    help: 'publish each candle and revision to NATS JetStream: nats://HOST or tls://HOST, several hosts separated by commas',
  }),
  value({
    name: 'publish-ca',
    commands: [...RUNS, 'replay'],
    placeholder: 'FILE',
    reader: path,
    help: '--publish tls://: file of certificates (PEM) to trust in place of the public ones',
    rules: [belongsTo('publish'), encryptedOnly],
  }),
  positional({
    name: 'servers',
    commands: ['follow'],
    placeholder: 'SERVERS',
    reader: natsServers,
    help: 'where runs publish: nats://HOST or tls://HOST, several hosts separated by commas',
  }),
  value({
    name: 'symbols',
    commands: ['follow'],
    placeholder: 'LIST',
    reader: symbolNames,
    help: 'symbols, e.g. RELIANCE,NSE:TCS',
    defaultHelp: 'all',
  }),
  value({
    name: 'timeframes',
    commands: ['follow'],
    placeholder: 'LIST',
    reader: timeframeNames,
    help: 'lengths of candles, e.g. 1m,5m; 1m is always there',
    defaultHelp: 'all',
  }),
  value({
    name: 'from',
    commands: ['follow'],
    placeholder: 'TIME',
    reader: time,
    help: 'only candles that start then or later',
    defaultHelp: 'all that is stored',
  }),
  flag({
    name: 'once',
    commands: ['follow'],
    help: 'end when all that is stored was read',
  }),
  value({
    name: 'out',
    commands: ['follow'],
    placeholder: 'DIR',
    reader: path,
    help: 'write Parquet files into this folder, as a run does, in place of lines',
  }),
  value({
    name: 'ca',
    commands: ['follow'],
    placeholder: 'FILE',
    reader: path,
    help: 'tls://: file of certificates (PEM) to trust in place of the public ones',
  }),
  flag({
    name: 'json',
    commands: ['doctor'],
    help: 'print JSON on standard output, and nothing else there',
  }),
  flag({
    name: 'json',
    commands: ['instruments', 'calendar', 'compare', 'replay', 'backfill', 'ticks', 'cutover', 'journals'],
    help: 'print JSON',
  }),
] as const;
