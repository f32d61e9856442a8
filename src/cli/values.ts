/** Readers of option values. They throw EngineError USAGE with one sentence that names the option. */
import { EngineError } from '../errors.js';
import { readServers, type NatsServers } from '../publish/servers.js';
import { SEGMENTS, type Segment } from '../market/instrument.js';
import type { ModeName } from '../market/packet.js';
import { DAY_MS, istDate, istMs } from '../market/session.js';
import { TIMEFRAMES, type Timeframe } from '../market/timeframe.js';
import type { MarketSpeed } from '../sim/speed.js';

/** Default of `--at`: a Monday, late enough for settled figures of the day. */
export const DEFAULT_AT = '2026-11-23T11:00';

/** For a command line that cannot be used. */
export function usage(sentence: string): EngineError {
  return new EngineError('USAGE', sentence);
}

/** A reader's answer to text that it cannot read. */
const REFUSED = Symbol('refused');

export interface Reader<T> {
  /** After "takes" in its error sentence and in the reference. */
  readonly takes: string;
  /** Throws EngineError USAGE. */
  readonly read: (text: string, name: string) => T;
}

/** A reader with the error sentence `--NAME takes TAKES, not TEXT.` */
export function reader<T>(
  takes: string,
  read: (text: string, name: string) => T | typeof REFUSED,
): Reader<T> {
  return {
    takes,
    read: (text, name) => {
      const value = read(text, name);
      if (value === REFUSED) throw usage(`--${name} takes ${takes}, not \`${text}\`.`);
      return value;
    },
  };
}

/** A reader of the same texts, with the value changed by `change`. */
export function mapped<T, U>({ takes, read }: Reader<T>, change: (value: T) => U): Reader<U> {
  return { takes, read: (text, name) => change(read(text, name)) };
}

/** A number in plain decimal notation from `min` to `max`. */
export function number(range: {
  readonly min: number;
  readonly max: number;
  readonly decimals?: boolean;
  readonly unit?: string;
}): Reader<number> {
  const { min, max, decimals = false, unit } = range;
  const pattern = decimals ? /^\d{1,15}(\.\d{1,9})?$/ : /^\d{1,15}$/;
  return reader(
    `a ${decimals ? '' : 'whole '}number from ${min} to ${max}${unit === undefined ? '' : ` (${unit})`}`,
    (text) => {
      const value = pattern.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : REFUSED;
    },
  );
}

/** A key of `meanings`, read as its value. */
export function oneOf<T>(meanings: Readonly<Record<string, T>>): Reader<T> {
  const names = Object.keys(meanings);
  return reader(`${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`, (text) =>
    Object.hasOwn(meanings, text) ? meanings[text] : REFUSED,
  );
}

/** Epoch ms of an IST time such as `2026-11-23T11:00`; seconds and `+05:30` optional. */
export const time: Reader<number> = reader(
  `Indian time as YYYY-MM-DDTHH:mm, e.g. ${DEFAULT_AT}`,
  (text): number | typeof REFUSED => {
    const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(?:\+05:30)?$/.exec(text);
    const value = parts === null ? Number.NaN : istMs(parts[1], parts[2]);
    // Date.parse reads 31 February as 3 March.
    const sameDay = parts !== null && Number.isFinite(value) && istDate(value - (value % 1)) === parts[1];
    return sameDay && value > DAY_MS ? value : REFUSED;
  },
);

/** An IST date, `YYYY-MM-DD`. */
export const date: Reader<string> = reader('a date as YYYY-MM-DD', (text): string | typeof REFUSED => {
  const midnightMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? istMs(text, '00:00') : Number.NaN;
  return midnightMs > DAY_MS && istDate(midnightMs) === text ? text : REFUSED;
});

/** Any text that is not blank. */
export const path: Reader<string> = {
  takes: 'a path',
  read: (text, name) => {
    if (text.trim() === '' || text.includes('\0')) throw usage(`--${name} takes a path.`);
    return text;
  },
};

/** A tape, and the symbol that it plays for if one is named. */
export interface TapeName {
  readonly symbol: string | undefined;
  readonly path: string;
}

/** What is before the first `=` is a symbol if it looks like one: a file `A=B` can be written `./A=B`. */
export const tapeName: Reader<TapeName> = {
  takes: 'a path, or SYMBOL= and a path',
  read: (text, name) => {
    const [, symbol, file] = /^((?:[A-Z]{3,5}:)?[A-Z0-9][A-Z0-9&-]{0,24})=(.*)$/s.exec(text) ?? [
      undefined,
      undefined,
      text,
    ];
    return { symbol: symbol?.replace(/^NSE:/, '').replace(/-EQ$/, ''), path: path.read(file, name) };
  },
};

/** As typed: checked where it is used. */
export const url: Reader<string> = { takes: 'a URL', read: (text) => text };

/** Servers to publish to. The sentence does not repeat the text, which may hold a password. */
export const natsServers: Reader<NatsServers> = {
  takes: 'nats://HOST or tls://HOST, several hosts separated by commas',
  read: (text, name) => {
    const servers = readServers(text);
    if (typeof servers === 'string') throw usage(`--${name} takes ${servers}.`);
    return servers;
  },
};

export const symbolNames: Reader<readonly string[]> = reader('names separated by commas', (text) => {
  const names = text.split(',').map((name) => name.trim());
  return names.includes('') ? REFUSED : names;
});

/** NAME=PRICE, separated by commas: rupees by name. */
export const spotPrices: Reader<ReadonlyMap<string, number>> = reader(
  'NAME=PRICE, separated by commas, e.g. NIFTY=24512.5',
  (text) => {
    const pairs = text
      .split(',')
      .map((pair) => /^([A-Z0-9&-][A-Z0-9& -]*)=(\d{1,9}(?:\.\d{1,7})?)$/.exec(pair.trim()));
    return pairs.every((pair) => pair !== null && Number(pair[2]) > 0)
      ? new Map(pairs.map((pair) => [pair![1], Number(pair![2])]))
      : REFUSED;
  },
);

/** Segments with trading hours, separated by commas. */
export const segmentNames: Reader<readonly Segment[]> = reader(
  `names among ${SEGMENTS.join(', ')}, separated by commas`,
  (text) => {
    const names = text.split(',').map((name) => name.trim());
    return names.every((name) => (SEGMENTS as readonly string[]).includes(name))
      ? (names as Segment[])
      : REFUSED;
  },
);

/** Names among TIMEFRAMES, separated by commas: in their order, once each, with 1m, of which the others are made. */
export const timeframeNames: Reader<readonly Timeframe[]> = reader(
  `names among ${TIMEFRAMES.join(', ')}, separated by commas`,
  (text) => {
    const names = text.split(',').map((name) => name.trim());
    return names.every((name) => (TIMEFRAMES as readonly string[]).includes(name))
      ? TIMEFRAMES.filter((name) => name === '1m' || names.includes(name))
      : REFUSED;
  },
);

/** A mode of the feed. */
export const modeName = oneOf<ModeName>({ ltp: 'ltp', quote: 'quote', snapquote: 'snapquote' });

/** A token's name, given by the user. Without an exchange it is of any. */
export interface TokenName {
  readonly exchange: string | undefined;
  readonly token: string;
  readonly symbol: string;
}

/** `[EXCHANGE:]TOKEN=SYMBOL`, separated by commas. */
export const tokenNames: Reader<readonly TokenName[]> = reader(
  '[EXCHANGE:]TOKEN=SYMBOL, separated by commas',
  (text) => {
    const names = text
      .split(',')
      .map((part) => /^(?:([A-Z]+):)?([1-9]\d{0,14})=([A-Z0-9&][A-Z0-9&_-]{0,24})$/.exec(part.trim()));
    if (!names.every((name) => name !== null)) return REFUSED;
    return names.map(([, exchange, token, symbol]) => ({ exchange, token, symbol }));
  },
);

/** `live`, `sim`, or a URL. */
export const feedName: Reader<string> = reader('live, sim or a ws:// or wss:// URL', (text) =>
  text === 'live' || text === 'sim' || text.includes('://') ? text : REFUSED,
);

/** For a command that connects to a running server. */
export const SIM_IS_A_RUN =
  '--feed sim is started by a run; to try this on the simulator, start `tickshard simulate` and give the ws:// URL that it prints.';

/** Market seconds per real second. */
const SPEED = { min: 0.1, max: 600, decimals: true } as const;
const numericSpeed = number({ ...SPEED, unit: 'market seconds a second, or max' });
export const marketSpeed: Reader<MarketSpeed> = reader(numericSpeed.takes, (text, name) =>
  text === 'max' ? text : numericSpeed.read(text, name),
);

/** ORIGIN@SPEED: market time at the run's start, epoch ms, and its speed. */
export const marketClock: Reader<{ readonly originMs: number; readonly speed: number }> = reader(
  `ORIGIN@SPEED, e.g. ${DEFAULT_AT}@60`,
  (text, name): { originMs: number; speed: number } | typeof REFUSED => {
    const at = text.lastIndexOf('@');
    if (at < 0) return REFUSED;
    const originMs = time.read(text.slice(0, at), name);
    return { originMs, speed: number({ ...SPEED, unit: 'the SPEED' }).read(text.slice(at + 1), name) };
  },
);

/** Seeds of the simulated market and of `--chaos`. */
export const seed = number({ min: 0, max: 4_294_967_295 });

/** 0 is any free port. */
export const PORTS = { min: 0, max: 65_535 } as const;
