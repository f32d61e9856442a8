/**
 * The faults as data: names; arguments with unit, default and bounds; a sentence on what the broker does. Functions:
 * of packets in packets.ts, frames in frames.ts, handshakes in handshakes.ts, all connections at a moment in
 * moments.ts.
 */

export interface NumberArgument {
  readonly kind: 'number';
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Infinity: no limit. */
  readonly preset: number;
  readonly whole: boolean;
  /** Numbers within the bounds but not allowed. */
  readonly except?: { readonly words: string; readonly holds: (value: number) => boolean };
}

interface WordArgument {
  readonly kind: 'word';
  readonly words: readonly string[];
  readonly preset: string;
}

interface SymbolArgument {
  readonly kind: 'symbol';
  /** Without a symbol: the market's first, or all. */
  readonly preset: 'first' | 'all';
}

export type Argument = NumberArgument | WordArgument | SymbolArgument;

export interface FaultKind {
  /** Completes "the broker ...". */
  readonly does: string;
  readonly takes: Readonly<Record<string, Argument>>;
}

const MAX_SECONDS = 86_400;

function number(preset: number, min: number, max: number, unit: string): NumberArgument {
  return { kind: 'number', preset, min, max, unit, whole: true };
}

/** Start and duration. */
function window(atSeconds: number, forSeconds: number): Record<'at' | 'for', Argument> {
  return {
    at: number(atSeconds, 0, MAX_SECONDS, "market seconds after the market's start"),
    for: number(forSeconds, 1, MAX_SECONDS, 'market seconds'),
  };
}

function times(preset: number): Argument {
  return number(preset, 1, 1_000_000, 'how often at most');
}

function every(preset: number): Argument {
  return number(preset, 1, 1_000_000, 'one of this many frames');
}

/** Once; waits up to `for` for an open socket. */
const moment = { ...window(90, 600), times: times(1) };
/** Of handshakes and requests: on from the start, as a connected client makes none. */
const answer = { ...window(0, 600), times: times(1) };
const silence = window(90, 60);
const ofFrames = (one: number): Record<'at' | 'for' | 'times' | 'every' | 'symbol', Argument> => ({
  ...window(90, 60),
  times: times(Infinity),
  every: every(one),
  symbol: { kind: 'symbol', preset: 'all' },
});
const first: SymbolArgument = { kind: 'symbol', preset: 'first' };
const all: SymbolArgument = { kind: 'symbol', preset: 'all' };

const CLOSE_CODE: NumberArgument = {
  ...number(1001, 1000, 4999, 'of the close frame'),
  except: {
    words: '1004 to 1006 or 1015 to 2999, which no close frame may carry',
    holds: (code) => (code >= 1004 && code <= 1006) || (code >= 1015 && code < 3000),
  },
};

const catalogue = {
  drop: { does: 'ends every open connection without a close frame', takes: moment },
  close: { does: 'closes every open socket with a close frame', takes: { ...moment, code: CLOSE_CODE } },
  reset: { does: 'resets every open connection (RST)', takes: moment },
  'half-open': {
    does: 'keeps open connections up, but neither sends nor answers anything on them any more',
    takes: moment,
  },
  expire: {
    does: 'closes every open socket and answers the tokens issued so far with 401; a fresh log-in works',
    takes: { at: moment.at, code: { ...CLOSE_CODE, preset: 1008 } },
  },
  burst: {
    does: 'sends many frames at once to every socket that has subscriptions, as fast as they are read',
    takes: { ...moment, frames: number(1_000_000, 1, 100_000_000, 'to each socket') },
  },
  'refuse-401': {
    does: 'refuses handshakes with 401 and the documented words in x-error-message',
    takes: { ...answer, reason: { kind: 'word', words: ['auth', 'client', 'key', 'feed'], preset: 'auth' } },
  },
  'refuse-403': { does: 'refuses handshakes with 403', takes: answer },
  'refuse-403-rate': { does: 'refuses handshakes with 403 and a body about an exceeded rate', takes: answer },
  'refuse-429': { does: 'refuses handshakes with 429', takes: answer },
  'refuse-500': { does: 'refuses handshakes with 500', takes: answer },
  'slow-handshake': {
    does: 'answers handshakes late',
    takes: { ...answer, by: { ...number(20, 0.1, 600, 'real seconds'), whole: false } },
  },
  quota: { does: 'answers requests to subscribe with E1002 and does not carry them out', takes: answer },
  unanswered: {
    does: 'never answers subscriptions of one symbol',
    takes: { ...window(0, 600), symbol: first },
  },
  'stale-cache': {
    does: 'answers subscriptions with old packets',
    takes: { ...window(0, 600), symbol: all, hours: number(20, 1, 720, 'hours') },
  },
  mute: { does: 'sends no packet of any symbol; pongs continue', takes: silence },
  'mute-symbol': { does: 'sends no packet of one symbol', takes: { ...silence, symbol: first } },
  'pong-lost': { does: 'answers no ping of either kind; packets continue', takes: silence },
  duplicate: { does: 'sends packets twice', takes: ofFrames(5) },
  reorder: {
    does: 'delays packets by a random time, so that others overtake them',
    takes: { ...ofFrames(3), within: number(2, 1, 300, 'market seconds') },
  },
  late: {
    does: 'delays packets; those still delayed at its end come together',
    takes: { ...ofFrames(1), by: number(5, 1, 300, 'market seconds') },
  },
  'zero-price': { does: 'sends packets whose price is 0', takes: ofFrames(50) },
  'zero-time': { does: 'sends packets whose times are 0', takes: ofFrames(50) },
  'volume-falls': { does: "sends packets with half of the day's volume", takes: ofFrames(50) },
  'volume-spikes': { does: "sends packets with a thousand times the day's volume", takes: ofFrames(50) },
  'sequence-strays': { does: 'sends packets with a number far ahead of the others', takes: ofFrames(50) },
  'counter-restarts': { does: 'numbers packets by another counter, a billion ahead', takes: ofFrames(1) },
  clock: {
    does: 'sends packets, also cached ones, with shifted times',
    takes: {
      ...ofFrames(1),
      minutes: {
        ...number(5, -60, 60, 'minutes'),
        except: { words: '0', holds: (minutes) => minutes === 0 },
      },
    },
  },
  truncated: { does: 'cuts frames short', takes: ofFrames(50) },
  oversize: {
    does: 'makes frames too long',
    takes: { ...ofFrames(50), bytes: number(1000, 444, 1_048_576, 'bytes') },
  },
  'unknown-mode': { does: 'sends frames with a mode that does not exist (9)', takes: ofFrames(50) },
  garbage: { does: 'sends a message of random bytes before frames', takes: ofFrames(50) },
  'error-as-binary': { does: 'sends an error message in binary before frames', takes: ofFrames(50) },
  joined: { does: "sends frames in one message with the connection's next", takes: ofFrames(50) },
  fragments: { does: 'writes frames byte by byte, one turn and one TCP write each', takes: ofFrames(20) },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof catalogue;

export const CATALOGUE: Readonly<Record<FaultName, FaultKind>> = catalogue;

export const FAULT_NAMES = Object.keys(catalogue) as readonly FaultName[];

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(catalogue, name);
}

/** E.g. `a whole number from 1 to 300 (market seconds)`. */
export function boundsOf(argument: Argument): string {
  switch (argument.kind) {
    case 'number':
      return `a ${argument.whole ? 'whole ' : ''}number from ${argument.min} to ${argument.max}${argument.except === undefined ? '' : `, not ${argument.except.words}`} (${argument.unit})`;
    case 'word':
      return argument.words.join(', ');
    case 'symbol':
      return 'the name of an instrument';
  }
}

function presetOf(argument: Argument): string {
  if (argument.kind === 'symbol') return argument.preset === 'first' ? "the market's first" : 'all';
  return argument.preset === Infinity ? 'no limit' : String(argument.preset);
}

/** All faults with their arguments, for a person. */
export function faultList(): string {
  const lines = FAULT_NAMES.flatMap((name) => {
    const { does, takes } = CATALOGUE[name];
    return [
      `${name}: ${does}.`,
      ...Object.entries(takes).map(
        ([key, argument]) =>
          `    ${`${key}=`.padEnd(9)} ${boundsOf(argument)}  [default: ${presetOf(argument)}]`,
      ),
      '',
    ];
  });
  return [
    'Faults of the simulated broker: --fault NAME[:key=value,...], any number of times, or --chaos SEED for faults that the seed picks.',
    'A fault strikes from `at` on, for the time of `for`. GET /simulator says how often it struck, and when first and last.',
    '',
    ...lines,
  ]
    .join('\n')
    .trimEnd();
}
