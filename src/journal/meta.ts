/** A journal's run, as JSON: all that a replay needs besides the frames. Untrusted, so every member is checked. */
import { EngineError } from '../errors.js';
import { isObject } from '../text/json.js';
import type { FileIdentity, VolumeKind } from '../candles/candle.js';
import { FIRST_RULES, RULES } from '../candles/rules.js';
import { EXCHANGE, nameOf, type Instrument } from '../market/instrument.js';
import { MODE, type ModeName } from '../market/packet.js';
import { isTailMs } from '../market/calendar-file.js';
import { MINUTE_MS, type TradingSession } from '../market/session.js';
import { TIMEFRAMES, type Timeframe } from '../market/timeframe.js';
import { RUN_ID } from './format.js';

/** The feed of journals that were made of recordings, in files and reports. */
export const RECORDING_FEED = 'recording';

/** Where a journal that no run wrote has its packets from. */
interface RecordingOrigin {
  /** Name of the file. */
  readonly file: string;
  /** True if it says when packets came; else their stamps stand for it. */
  readonly received: boolean;
  /** Fields that it lacks, which frames have as 0. */
  readonly missing: readonly string[];
}

export interface RunMeta {
  readonly version: string;
  readonly runId: string;
  /** The process that wrote it, and its start by the system's count where known: numbers are reused. */
  readonly processId: number;
  readonly processStart: string | null;
  readonly stage: 1 | 2;
  /** Null: until the close. */
  readonly durationMin: number | null;
  /** Absent in older journals. */
  readonly shadow?: boolean;
  readonly mode: ModeName;
  readonly feed: string;
  readonly volumeKind: VolumeKind;
  /** Of its candles, from the shortest. Absent in older journals: 1m alone. */
  readonly timeframes?: readonly Timeframe[];
  /** By which packets became candles. Absent in journals of the first. */
  readonly rules?: number;
  readonly speed: number;
  /** Of a journal that was made of a recording. */
  readonly recording?: RecordingOrigin;
  /** Stepped time (`--speed max`). Absent in older journals. */
  readonly stepped?: boolean;
  readonly graceMs: number;
  readonly silenceMs: number;
  /** On the market's date, epoch ms. */
  readonly marketDateMs: number;
  /** Wall and market clock at one moment, epoch ms. */
  readonly wallMs: number;
  readonly marketMs: number;
  /** The awaited opening, market time. */
  readonly opensMs: number | null;
  readonly out: string;
  /** The folder of `--history`; SHA-256 of the rows used, by symbol. */
  readonly history: { readonly folder: string; readonly rows: Readonly<Record<string, string>> } | null;
  /** Kind of volume of the given candles (entries of their own). */
  readonly given: VolumeKind | null;
  readonly instruments: readonly Instrument[];
  /** By instrument index. */
  readonly sessions: readonly TradingSession[];
}

/** Begins part of a file name, which is escaped. */
const NAME = /^[A-Za-z0-9&][ -~]{0,63}$/;
const TOKEN = /^[1-9][0-9]{0,14}$/;
const MAX_INSTRUMENTS = 1000;
const MAX_MINUTES = 1440;

type Checks = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown): boolean => typeof value === 'string';
const isFinite = (value: unknown): boolean => Number.isFinite(value);
const isOneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);
const or =
  (other: unknown, check: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === other || check(value);
const between =
  (least: number, most: number) =>
  (value: unknown): boolean =>
    typeof value === 'number' && value >= least && value <= most;
const matches =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value);

function holds(value: unknown, checks: Checks): boolean {
  return isObject(value) && Object.entries(checks).every(([name, check]) => check(value[name]));
}

const isVolumeKind = isOneOf('tick', 'traded');

const isTimeframes = (value: unknown): boolean =>
  Array.isArray(value) &&
  value[0] === '1m' &&
  TIMEFRAMES.filter((name) => value.includes(name)).join() === value.join();

function isHistory(value: unknown): boolean {
  return holds(value, {
    folder: isText,
    rows: (rows) => isObject(rows) && Object.values(rows).every(isText),
  });
}

function isRecording(value: unknown): boolean {
  return holds(value, {
    file: isText,
    received: (received) => typeof received === 'boolean',
    missing: (missing) => Array.isArray(missing) && missing.every(isText),
  });
}

function isContract(value: unknown): boolean {
  return holds(value, {
    name: isText,
    expiry: matches(/^\d{4}-\d{2}-\d{2}$/),
    option: isOneOf(undefined, 'CE', 'PE'),
    strikeRupees: or(undefined, isFinite),
    lotSize: isFinite,
  });
}

function isInstrument(value: unknown, index: number): boolean {
  const known = (type: unknown): boolean => typeof type === 'number' && Object.hasOwn(EXCHANGE, type);
  return holds(value, {
    index: (own) => own === index,
    symbol: matches(NAME),
    exchange: matches(NAME),
    exchangeType: known,
    token: matches(TOKEN),
    tickSizeRupees: isFinite,
    derivatives: (flag) => typeof flag === 'boolean',
    contract: or(undefined, isContract),
  });
}

function isAuction(value: unknown): boolean {
  return holds(value, { fromMs: isFinite, toMs: isFinite, labelMs: isFinite });
}

function isSession(value: unknown, openMs: number): boolean {
  const checks: Checks = {
    date: isText,
    openMs: isFinite,
    closeMs: isFinite,
    auction: or(undefined, isAuction),
    tailMs: or(undefined, isTailMs),
  };
  if (!holds(value, checks)) return false;
  const session = value as TradingSession;
  const minutes = (session.closeMs - openMs) / MINUTE_MS;
  return (
    Number.isInteger((session.openMs - openMs) / MINUTE_MS) &&
    Number.isInteger(minutes) &&
    session.openMs < session.closeMs &&
    minutes <= MAX_MINUTES
  );
}

const CHECKS: Checks = {
  version: isText,
  runId: matches(RUN_ID),
  processId: between(0, 2 ** 31),
  processStart: or(null, isText),
  stage: isOneOf(1, 2),
  durationMin: or(null, between(0, MAX_MINUTES)),
  shadow: or(undefined, (shadow) => typeof shadow === 'boolean'),
  mode: (mode) => typeof mode === 'string' && mode !== 'depth' && Object.hasOwn(MODE, mode),
  feed: isText,
  volumeKind: isVolumeKind,
  timeframes: or(undefined, isTimeframes),
  rules: or(undefined, (rules) => Number.isInteger(rules) && (rules as number) >= FIRST_RULES),
  recording: or(undefined, isRecording),
  speed: between(0, 1e6),
  stepped: or(undefined, (stepped) => typeof stepped === 'boolean'),
  graceMs: between(0, 60_000),
  silenceMs: between(0, 1e9),
  marketDateMs: between(0, 8.64e15),
  wallMs: between(0, 8.64e15),
  marketMs: between(0, 8.64e15),
  opensMs: or(null, isFinite),
  out: isText,
  history: or(null, isHistory),
  given: or(null, isVolumeKind),
};

/** Throws EngineError JOURNAL with `where` and the first bad member. */
export function parseMeta(bytes: Buffer, where: string): RunMeta {
  const wrong = (what: string): EngineError =>
    new EngineError(
      'JOURNAL',
      `${where} says nothing usable of its run: ${what}; name the journal of another run.`,
    );
  let meta: unknown;
  try {
    meta = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new EngineError(
      'JOURNAL',
      `${where} says nothing usable of its run: it is no JSON; name the journal of another run.`,
      { cause: error },
    );
  }
  if (!isObject(meta)) throw wrong('it is no object');
  const bad = Object.entries(CHECKS).find(([name, check]) => !check(meta[name]));
  if (bad !== undefined) throw wrong(`\`${bad[0]}\` is not as it must be`);
  const { instruments, sessions } = meta;
  if (
    !Array.isArray(instruments) ||
    instruments.length === 0 ||
    instruments.length > MAX_INSTRUMENTS ||
    !instruments.every(isInstrument)
  )
    throw wrong('`instruments` is not as it must be');
  const named = instruments as Instrument[];
  const twice =
    new Set(named.map(nameOf)).size < named.length ||
    new Set(named.map(({ exchangeType, token }) => `${exchangeType} ${token}`)).size < named.length;
  if (twice) throw wrong('`instruments` names one twice');
  // Length first: a block has room for a million.
  if (!Array.isArray(sessions) || sessions.length !== instruments.length)
    throw wrong('`sessions` is not as it must be');
  const openMs = Math.min(
    ...sessions.map((session: unknown) =>
      isObject(session) && typeof session.openMs === 'number' ? session.openMs : NaN,
    ),
  );
  if (!sessions.every((session) => isSession(session, openMs)))
    throw wrong('`sessions` is not as it must be');
  return meta as unknown as RunMeta;
}

/** The rules that the run followed. */
export const rulesOf = ({ rules = FIRST_RULES }: RunMeta): number => rules;

/** The origin of candles that are made of the run's journal now, by today's rules. */
export const identityOf = ({ feed, mode, volumeKind }: RunMeta): FileIdentity => ({
  feed,
  mode,
  volumeKind,
  rules: RULES,
});

/** Those of its candles, from the shortest. */
export const timeframesOf = ({ timeframes = ['1m'] }: RunMeta): readonly Timeframe[] => timeframes;

/** An instrument's given candles: its name, NUL, the doubles. */
export function givenEntry(name: string, numbers: Float64Array): Buffer {
  return Buffer.concat([
    Buffer.from(`${name}\0`, 'latin1'),
    Buffer.from(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)),
  ]);
}

/** Undefined for bytes not of `givenEntry`. The doubles are copies. */
export function readGivenEntry(
  bytes: Buffer,
): { readonly name: string; readonly numbers: Float64Array } | undefined {
  const end = bytes.indexOf(0);
  const rest = end < 0 ? bytes.length : bytes.length - end - 1;
  if (end <= 0 || rest % 8 !== 0) return undefined;
  const numbers = new Float64Array(rest / 8);
  for (let k = 0; k < numbers.length; k++) numbers[k] = bytes.readDoubleLE(end + 1 + 8 * k);
  return { name: bytes.toString('latin1', 0, end), numbers };
}
