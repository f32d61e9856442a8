/**
 * What each fault of the broker does to a run: the data of faults.test.ts and of docs/faults.md. Rows are runs
 * of four minutes (one of six) of RELIANCE, TCS and INFY at sixty times real time. The feed detects silence and
 * lost pongs twenty times sooner than in production.
 */

type Turned = 'warn' | 'fail';

export interface Row {
  /** As on the command line; several are on at once. */
  readonly faults: readonly string[];
  /** What the client does. */
  readonly client: string;
  /** Words that are all in the report; without a run, in standard error. */
  readonly says: readonly string[];
  /** A counter of the report that is above zero. */
  readonly counted?: string;
  /** Gates that do not pass, and their status; a list where it depends on timing. No other gate changes. */
  readonly gates: Readonly<Record<string, Turned | readonly Turned[]>>;
  /** Exit code if there is no run. */
  readonly exit?: number;
  readonly mode?: 'quote';
  /** Market minutes, if on a busy machine four leave no whole minute besides the gap. */
  readonly minutes?: number;
  /** Whether whole minutes equal those of a run without the fault. */
  readonly untouched: boolean;
  /** There is a gap: it is in the report, and each candle that it touches is partial and says its length. */
  readonly gap?: true;
}

/** A second of disconnection may be more than 5 % of such a short run. */
const GAP = ['warn', 'fail'] as const;
/** How late a million frames make the feed depends on the machine. */
const LATE = ['warn', 'fail'] as const;
const SILENT = { fresh: 'fail', candles: 'fail', momentum: 'warn' } as const;
const AGAIN = 'connects again after a random wait of up to half a second, subscribes again';

export const ROWS: readonly Row[] = [
  {
    faults: ['drop'],
    client: AGAIN,
    says: ['"cause":"dropped"', 'The connection broke without a close frame'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['close:code=1000'],
    client: AGAIN,
    says: ['"cause":"closed","code":1000', 'The server closed the connection with code 1000'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['close:code=1001'],
    client: AGAIN,
    says: ['"cause":"closed","code":1001', 'the server goes away or restarts'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['close:code=1008'],
    client: AGAIN,
    says: ['"cause":"closed","code":1008', 'the server says that a rule was broken'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['close:code=1009'],
    client: AGAIN,
    says: ['"cause":"closed","code":1009'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['close:code=1011'],
    client: AGAIN,
    says: ['"cause":"closed","code":1011'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['close:code=1012'],
    client: AGAIN,
    says: ['"cause":"closed","code":1012', 'the server goes away or restarts'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['close:code=1013'],
    client: AGAIN,
    says: ['"cause":"closed","code":1013'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['close:code=4000'],
    client: AGAIN,
    says: ['"cause":"closed","code":4000'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['reset'],
    client: AGAIN,
    says: ['"cause":"dropped"', 'The connection broke without a close frame'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['half-open'],
    minutes: 6,
    client: 'drops the connection when no pong came for two and a half pings, connects again',
    says: ['"cause":"pong-overdue"', 'the connection was dead and is replaced'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['pong-lost:for=120'],
    client: 'drops the connection although packets flow: nothing proves that the server receives anything',
    says: ['"cause":"pong-overdue"'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['mute:for=240'],
    client: 'replaces the mute connection; if the next one is mute too, logs in again',
    says: [
      '"cause":"mute"',
      'it is replaced, and if the next one is mute too a fresh log-in comes first',
      'the whole feed fell silent',
    ],
    gates: { connected: GAP, ...SILENT },
    untouched: true,
    gap: true,
  },
  {
    faults: ['mute-symbol:symbol=TCS,for=240'],
    client: 'names the symbol; the connection is not replaced',
    says: ['Old: TCS', 'other symbols tick, so their feed or their trading stopped'],
    gates: { fresh: 'fail' },
    untouched: false,
  },
  {
    faults: ['unanswered:symbol=TCS'],
    client: 'names the symbol; the connection is not replaced',
    says: ['No answer in time for TCS (11536)', 'Never a tick of TCS', 'No whole candle of TCS'],
    gates: { subscribed: 'fail', ticking: 'fail', fresh: 'fail', candles: 'fail' },
    untouched: true,
  },
  {
    faults: ['quota'],
    client:
      'says what the broker answered; nothing flows, so the connection is replaced as mute and subscribes again',
    says: ['The broker answered E1002: Invalid Request. Subscription Limit Exceeded', '"cause":"mute"'],
    gates: { connected: GAP, subscribed: 'fail' },
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
    faults: ['refuse-401:reason=client'],
    client: 'logs in again, once',
    says: ['401 (Invalid Header - Invalid Client Code)'],
    gates: { connected: 'warn', 'no-rest': 'warn' },
    untouched: true,
  },
  {
    faults: ['refuse-401:reason=key'],
    client: 'logs in again, once',
    says: ['401 (Invalid Header - Invalid API Key)'],
    gates: { connected: 'warn', 'no-rest': 'warn' },
    untouched: true,
  },
  {
    faults: ['refuse-401:reason=feed'],
    client: 'logs in again, once',
    says: ['401 (Invalid Header - Invalid Feed Token)'],
    gates: { connected: 'warn', 'no-rest': 'warn' },
    untouched: true,
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
    client: 'waits a minute and more before the next attempt',
    says: ['"cause":"rate-limited"', 'at most three sockets per client code', 'not connected at the end'],
    gates: { connected: 'fail', ...SILENT },
    untouched: true,
    gap: true,
  },
  {
    faults: ['drop', 'refuse-403-rate:at=90'],
    client: 'waits a minute and more before the next attempt',
    says: ['"cause":"rate-limited"', 'HTTP 403'],
    gates: { connected: 'fail', ...SILENT },
    untouched: true,
    gap: true,
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
    gates: { connected: GAP, 'no-rest': 'warn' },
    untouched: true,
    gap: true,
  },
  {
    faults: ['duplicate'],
    client: 'counts the duplicate and ignores it',
    counted: 'applied.duplicate',
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
    counted: 'late',
    says: [],
    gates: { lag: ['warn', 'fail'] },
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
    counted: 'refused.length',
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['oversize:bytes=1000'],
    client: 'refuses the frame for its length, counted',
    counted: 'refused.length',
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['oversize:bytes=70000,times=1'],
    client: 'drops the connection, as no message of the feed is longer than 64 KiB; connects again',
    says: ['"cause":"protocol"', 'sent a message too large'],
    gates: { connected: GAP },
    untouched: true,
    gap: true,
  },
  {
    faults: ['unknown-mode'],
    client: 'refuses the frame for its mode, counted',
    counted: 'refused.mode',
    says: [],
    gates: {},
    untouched: false,
  },
  { faults: ['garbage'], client: 'refuses the message, counted', says: [], gates: {}, untouched: true },
  {
    faults: ['error-as-binary'],
    client: 'refuses the message as no packet, counted',
    counted: 'refused.mode',
    says: [],
    gates: {},
    untouched: true,
  },
  {
    faults: ['joined'],
    client: 'refuses the message for its length, counted once',
    counted: 'refused.length',
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['zero-price'],
    client: 'rejects a price of 0, counted',
    counted: 'unadmitted.price',
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['zero-time'],
    client: 'rejects a time of another day, counted',
    counted: 'unadmitted.time',
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['volume-falls'],
    mode: 'quote',
    client: 'uses the lower volume as the new anchor, counted; the later rise counts as traded',
    counted: 'reseeds',
    says: ["The day's volume fell in packets of RELIANCE"],
    gates: { candles: 'warn' },
    untouched: false,
  },
  {
    faults: ['clock:minutes=5'],
    client:
      'follows when three frames agree; minutes follow the exchange, so its wrong clock makes wrong candles',
    says: ['our clock is slow by at least'],
    gates: { lag: 'fail' },
    untouched: false,
  },
  {
    faults: ['clock:minutes=-5'],
    client:
      'puts the frames into the minutes of their times, which are sealed, so they are late; at real speed the seconds without frames are a gap',
    counted: 'late',
    says: ["this machine's clock is ahead of the exchange's"],
    gates: { lag: 'fail' },
    untouched: false,
  },
  {
    faults: ['clock:at=0,for=600,minutes=5'],
    client: 'follows the exchange from the start: our clock is the one that is off',
    says: ['our clock is slow by at least'],
    gates: { lag: 'warn' },
    untouched: false,
  },
  {
    faults: ['clock:at=0,for=600,minutes=-5'],
    client: 'follows the exchange from the start; a feed this late looks like a local clock that is ahead',
    says: ["this machine's clock is ahead of the exchange's by up to 300"],
    gates: { lag: 'fail' },
    untouched: false,
  },
  {
    faults: ['burst:frames=1000000'],
    client:
      'takes all of them, pausing the socket while a ring is nearly full; a repeated frame after a newer one counts as a tick; what comes after the burst is late',
    counted: 'applied.duplicate',
    says: [],
    gates: { lag: LATE },
    untouched: false,
  },
  { faults: ['fragments'], client: 'reassembles the frames', says: [], gates: {}, untouched: true },
];
