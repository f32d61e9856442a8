/**
 * What each fault of the broker does to a run: the data of faults.slow.test.ts and of docs/faults.md. Rows are runs of
 * four minutes, from 11:00, of RELIANCE, TCS and INFY in stepped time, so every figure is exact.
 */
import { VALUE_ROWS } from './value-rows.js';

type Turned = 'warn' | 'fail';

export interface Row {
  /** As on the command line; several are on at once. */
  readonly faults: readonly string[];
  /** What the client does. */
  readonly client: string;
  /** Words that are all in the report; without a run, in standard error. */
  readonly says: readonly string[];
  /** Counters of the report. */
  readonly counted?: Readonly<Record<string, number>>;
  /** Gates that do not pass, and their status. No other gate changes. */
  readonly gates: Readonly<Record<string, Turned>>;
  /** Gate `lag` with a feed at a real speed (stepped time skips it): its status, and words that are in the report. */
  readonly lag?: { readonly status: Turned; readonly says: string };
  /** Exit code if there is no run. */
  readonly exit?: number;
  readonly mode?: 'quote';
  /** Market minutes, if not four. */
  readonly minutes?: number;
  /** Whether whole minutes equal those of a run without the fault. */
  readonly untouched: boolean;
  /** Gaps in the report, `HH:mm:ss to HH:mm:ss`. Each candle that one touches is partial and says its length. */
  readonly gaps?: readonly string[];
  /** Partial minutes and their symbols, if not the first and last minute and those of the gaps, with 3 symbols each. */
  readonly partial?: readonly string[];
}

const SILENT = { fresh: 'fail', candles: 'fail', momentum: 'warn' } as const;
const AGAIN = 'connects again after a random wait of up to half a second, subscribes again';
const SHORT_GAP = ['11:01:29 to 11:01:31'];
/** Of four closes; the third wait is the longest. */
const FOUR_GAPS = [
  '11:01:29 to 11:01:31',
  '11:03:29 to 11:03:31',
  '11:05:29 to 11:05:32',
  '11:07:29 to 11:07:31',
];

export const ROWS: readonly Row[] = [
  {
    faults: ['drop'],
    client: AGAIN,
    says: ['"cause":"dropped"', 'The connection broke without a close frame'],
    gates: { connected: 'warn' },
    untouched: true,
    gaps: SHORT_GAP,
  },
  {
    faults: ['close:code=1000', 'close:code=1001,at=210', 'close:code=1008,at=330', 'close:code=1009,at=450'],
    minutes: 9,
    client: AGAIN,
    says: [
      '"cause":"closed","code":1000',
      'The server closed the connection with code 1000',
      '"cause":"closed","code":1001',
      'the server goes away or restarts',
      '"cause":"closed","code":1008',
      'the server says that a rule was broken',
      '"cause":"closed","code":1009',
    ],
    gates: { connected: 'warn' },
    untouched: true,
    gaps: FOUR_GAPS,
  },
  {
    faults: ['close:code=1011', 'close:code=1012,at=210', 'close:code=1013,at=330', 'close:code=4000,at=450'],
    minutes: 9,
    client: AGAIN,
    says: [
      '"cause":"closed","code":1011',
      '"cause":"closed","code":1012',
      'the server goes away or restarts',
      '"cause":"closed","code":1013',
      '"cause":"closed","code":4000',
    ],
    gates: { connected: 'warn' },
    untouched: true,
    gaps: FOUR_GAPS,
  },
  {
    faults: ['reset'],
    client: AGAIN,
    says: ['"cause":"dropped"', 'The connection broke without a close frame'],
    gates: { connected: 'warn' },
    untouched: true,
    gaps: SHORT_GAP,
  },
  {
    faults: ['half-open'],
    client: 'drops the connection when no pong came for two and a half pings, connects again',
    says: ['"cause":"pong-overdue"', 'the connection was dead and is replaced'],
    gates: { connected: 'warn' },
    untouched: true,
    gaps: ['11:01:29 to 11:01:48'],
  },
  {
    faults: ['pong-lost:for=120'],
    client: 'drops the connection although packets flow: nothing proves that the server receives anything',
    says: ['"cause":"pong-overdue"'],
    gates: { connected: 'warn', candles: 'fail', momentum: 'warn' },
    untouched: true,
    gaps: [
      '11:01:45 to 11:01:48',
      '11:02:11 to 11:02:14',
      '11:02:37 to 11:02:41',
      '11:03:04 to 11:03:07',
      '11:03:30 to 11:03:34',
    ],
  },
  {
    faults: ['mute:for=240'],
    client: 'replaces the mute connection; if the next one is mute too, logs in again',
    says: [
      '"cause":"mute"',
      'it is replaced, and if the next one is mute too a fresh log-in comes first',
      'the whole feed fell silent',
    ],
    gates: { connected: 'warn', 'no-rest': 'warn', ...SILENT },
    untouched: true,
    gaps: ['11:01:29 to 11:04:03'],
    partial: ['11:00 x3', '11:01 x3'],
  },
  {
    faults: ['mute-symbol:symbol=TCS,for=240'],
    client: 'names the symbol; the connection is not replaced',
    says: ['Old: TCS', 'other symbols tick, so their feed or their trading stopped'],
    gates: { fresh: 'fail' },
    untouched: false,
    partial: ['11:00 x3', '11:04 x2'],
  },
  {
    faults: ['unanswered:symbol=TCS'],
    client: 'names the symbol; the connection is not replaced',
    says: ['No answer in time for TCS (11536)', 'Never a tick of TCS', 'No whole candle of TCS'],
    gates: { subscribed: 'fail', ticking: 'fail', fresh: 'fail', candles: 'fail' },
    untouched: true,
    partial: ['11:00 x2', '11:04 x2'],
  },
  {
    faults: ['quota'],
    client:
      'says what the broker answered; nothing flows, so the connection is replaced as mute and subscribes again',
    says: ['The broker answered E1002: Invalid Request. Subscription Limit Exceeded', '"cause":"mute"'],
    gates: { connected: 'warn', subscribed: 'fail' },
    untouched: true,
  },
  {
    faults: ['refuse-401:reason=auth'],
    client: 'logs in again, once',
    says: ['401 (Invalid Header - Invalid Auth token)'],
    gates: { connected: 'warn', 'no-rest': 'warn' },
    untouched: true,
  },
  {
    faults: [
      'drop',
      'refuse-401:at=90,reason=client',
      'drop:at=210',
      'refuse-401:at=210,reason=key',
      'drop:at=330',
      'refuse-401:at=330,reason=feed',
    ],
    minutes: 7,
    client: 'logs in again, once each time',
    says: [
      '401 (Invalid Header - Invalid Client Code)',
      '401 (Invalid Header - Invalid API Key)',
      '401 (Invalid Header - Invalid Feed Token)',
    ],
    gates: { connected: 'warn', 'no-rest': 'warn' },
    untouched: true,
    gaps: ['11:01:29 to 11:01:31', '11:03:29 to 11:03:31', '11:05:29 to 11:05:31'],
  },
  {
    faults: ['refuse-401:times=2'],
    client: 'ends: a new log-in did not help',
    says: [
      'The feed refuses the tokens of a fresh log-in too (401: Invalid Header - Invalid Auth token): is the API key that of an active app of this client code?',
    ],
    gates: {},
    exit: 3,
    untouched: true,
  },
  {
    faults: ['refuse-403'],
    client: 'ends: the first connection failed, so a person is watching',
    says: ['The feed refused the connection with 403'],
    gates: {},
    exit: 3,
    untouched: true,
  },
  {
    faults: ['drop', 'refuse-429:at=90'],
    client: 'waits a minute and more before the next attempt, then subscribes again',
    says: ['"cause":"rate-limited"', 'at most three sockets per client code'],
    gates: { connected: 'fail' },
    untouched: true,
    gaps: ['11:01:29 to 11:02:50'],
  },
  {
    faults: ['drop', 'refuse-403-rate:at=90'],
    client: 'waits a minute and more before the next attempt, then subscribes again',
    says: ['"cause":"rate-limited"', 'HTTP 403'],
    gates: { connected: 'fail' },
    untouched: true,
    gaps: ['11:01:29 to 11:02:50'],
  },
  {
    faults: ['refuse-500'],
    client: 'connects again after a random wait of up to half a second',
    says: ['"cause":"server-error"', "The feed's server failed the handshake (HTTP 500)"],
    gates: { connected: 'warn' },
    untouched: true,
  },
  {
    faults: ['slow-handshake:by=1'],
    client: 'waits: ten seconds are allowed',
    says: ['"websocketHandshakes":1'],
    gates: {},
    untouched: true,
  },
  {
    faults: ['expire'],
    client: 'connects again, is refused with 401, logs in again',
    says: ['"cause":"closed","code":1008', '"cause":"unauthorized"', '"restCallsDuringRun":1'],
    gates: { connected: 'warn', 'no-rest': 'warn' },
    untouched: true,
    gaps: SHORT_GAP,
  },
  {
    faults: ['duplicate'],
    client: 'counts the duplicate and ignores it',
    counted: { 'applied.duplicate': 89 },
    says: [],
    gates: {},
    untouched: true,
  },
  {
    faults: ['reorder:within=2'],
    client: 'puts each into its minute; time and sequence decide open and close',
    says: ['"late":0'],
    gates: {},
    untouched: true,
  },
  {
    faults: ['late:by=90,every=3'],
    client: 'revises the candle of each, counted in `late` and `revision`; at real speed `lag` fails',
    counted: { late: 74 },
    says: [],
    gates: {},
    untouched: true,
  },
  {
    faults: ['stale-cache:hours=20'],
    client: 'uses the first packet as a snapshot, which is no tick',
    says: ['"outOfSession":0'],
    gates: {},
    untouched: true,
  },
  {
    faults: ['truncated'],
    client: 'refuses the frame for its length, counted',
    counted: { 'refused.length': 9 },
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['oversize:bytes=1000'],
    client: 'refuses the frame for its length, counted',
    counted: { 'refused.length': 9 },
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['oversize:bytes=70000,times=1'],
    client: 'drops the connection, as no message of the feed is longer than 64 KiB; connects again',
    says: ['"cause":"protocol"', 'sent a message too large'],
    gates: { connected: 'warn' },
    untouched: true,
    gaps: ['11:01:29 to 11:01:32'],
  },
  {
    faults: ['unknown-mode'],
    client: 'refuses the frame for its mode, counted',
    counted: { 'refused.mode': 9 },
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['garbage'],
    client: 'refuses the message, counted',
    counted: { 'refused.mode': 9 },
    says: [],
    gates: {},
    untouched: true,
  },
  {
    faults: ['error-as-binary'],
    client: 'refuses the message as no packet, counted',
    counted: { 'refused.mode': 9 },
    says: [],
    gates: {},
    untouched: true,
  },
  {
    faults: ['joined'],
    client: 'refuses the message for its length, counted once',
    counted: { 'refused.length': 9 },
    says: [],
    gates: {},
    untouched: false,
  },
  ...VALUE_ROWS,
  {
    faults: ['clock:minutes=5'],
    client:
      'follows when three frames agree; minutes follow the exchange, so its wrong clock makes wrong candles',
    says: [],
    gates: {},
    lag: { status: 'fail', says: 'our clock is slow by at least' },
    untouched: false,
    partial: ['11:00 x3', '11:07 x3'],
  },
  {
    faults: ['clock:minutes=-5'],
    client:
      'puts the frames into the minutes of their times, which are sealed, so they are late; the seconds without frames are a gap',
    counted: { late: 445 },
    says: [],
    gates: {},
    lag: { status: 'fail', says: "this machine's clock is ahead of the exchange's" },
    untouched: false,
    gaps: ['11:01:29 to 11:02:30'],
    partial: ['10:56 x3', '10:57 x3', '11:00 x3', '11:01 x3', '11:02 x3', '11:04 x3'],
  },
  {
    faults: ['clock:at=0,for=600,minutes=5'],
    client: 'follows the exchange from the start: our clock is the one that is off',
    says: [],
    gates: {},
    lag: { status: 'warn', says: 'our clock is slow by at least' },
    untouched: false,
    partial: ['11:05 x3', '11:09 x3'],
  },
  {
    faults: ['clock:at=0,for=600,minutes=-5'],
    client: 'follows the exchange from the start; a feed this late looks like a local clock that is ahead',
    says: [],
    gates: {},
    lag: { status: 'fail', says: "this machine's clock is ahead of the exchange's" },
    untouched: false,
    partial: ['10:55 x3', '10:59 x3'],
  },
  {
    faults: ['burst:frames=1000000'],
    client:
      'takes all of them, pausing the socket while a ring is nearly full; a repeated frame is no tick unless a newer one came between; at real speed what comes after the burst is late',
    counted: { 'applied.duplicate': 1_000_000 },
    says: [],
    gates: {},
    untouched: true,
  },
  { faults: ['fragments'], client: 'reassembles the frames', says: [], gates: {}, untouched: true },
];
