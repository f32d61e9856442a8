/**
 * The feed's habits as data: what the real feed was seen to do without any fault. Each has the value that was measured
 * (docs/feed-behaviour.md, "Measured"), is on at that value, and can be changed or switched off.
 */

export interface HabitKind {
  /** Completes "the feed ...". */
  readonly does: string;
  /** Completes "switched off, the feed ...". */
  readonly off: string;
  readonly unit: string;
  readonly preset: number;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  /** Where the preset comes from. */
  readonly source: string;
}

const catalogue = {
  cycle: {
    does: 'publishes each token once in a cycle of this length, all tokens in one fixed order',
    off: 'publishes each token at times of its own',
    unit: 's',
    preset: 1,
    min: 1,
    max: 10,
    whole: true,
    source: 'fact 2',
  },
  stamps: {
    does: 'stamps packets with the time of the broadcast in steps of this size',
    off: 'stamps packets to the ms',
    unit: 'ms',
    preset: 1000,
    min: 1,
    max: 1000,
    whole: true,
    source: 'fact 6, 850 of 850 stamps',
  },
  rate: {
    does: 'sends this many packets of a liquid token in Quote and SnapQuote mode',
    off: 'sends a packet at every change, up to 4 a second',
    unit: 'packets a second',
    preset: 1.53,
    min: 0.1,
    max: 4,
    whole: false,
    source: 'fact 1, SnapQuote; Quote is assumed to be alike',
  },
  'ltp-rate': {
    does: 'sends this many packets of a token in LTP mode, the mean over many tokens',
    off: 'sends a packet at every change, up to 4 a second',
    unit: 'packets a second',
    preset: 0.71,
    min: 0.05,
    max: 2,
    whole: false,
    source: 'fact 1',
  },
  repeats: {
    does: 'repeats the price in this share of the LTP packets, because only the book changed (with `ltp-rate`)',
    off: 'sends an LTP packet only if the price changed',
    unit: '% of the packets',
    preset: 55,
    min: 1,
    max: 95,
    whole: false,
    source: 'fact 2, 79 of 144 packets',
  },
  delay: {
    does: 'shows a trade up to this long after it happened',
    off: 'shows a trade in the next packet',
    unit: 's',
    preset: 1.5,
    min: 0.1,
    max: 5,
    whole: false,
    source: 'fact 3',
  },
  'price-first': {
    does: "shows a trade's price and quantity one packet before its volume, in this share of the packets with a trade",
    off: 'shows price and volume of a trade together',
    unit: '% of the packets with a trade',
    preset: 5,
    min: 0.1,
    max: 50,
    whole: false,
    source: 'fact 4, seen in one of three steps; how often it happens was not measured, 5 % is chosen',
  },
  sequence: {
    does: 'numbers the packets of all tokens of the exchange by one counter, which also counts tokens that no one subscribed',
    off: "numbers each token's packets by a counter of its own",
    unit: 'numbers a second',
    preset: 700,
    min: 4,
    max: 4000,
    whole: true,
    source: 'fact 7, 664 and 886 a second; single values give 690 to 740',
  },
  'cached-age': {
    does: 'answers a subscription with a cached packet up to this old',
    off: 'answers a subscription with the last packet',
    unit: 's',
    preset: 6,
    min: 2,
    max: 60,
    whole: false,
    source: 'fact 8',
  },
  'cached-within': {
    does: 'answers all subscriptions of a request within this time, in no order',
    off: 'answers subscriptions at once, in the order of the request',
    unit: 's',
    preset: 1,
    min: 0.1,
    max: 10,
    whole: false,
    source: 'fact 8, 44 to 49 of 50 tokens within one second',
  },
  morning: {
    does: 'restarts its counter at this time of day, and until the first packet of the day answers subscriptions with the prices of the day before, stamped at that time to the ms',
    off: 'answers subscriptions with the last packet of the day before until the first of the day',
    unit: 'minutes after midnight',
    preset: 415,
    min: 1,
    max: 539,
    whole: true,
    source: 'fact 6, 06:55',
  },
  'official-close': {
    does: "changes the last price to the official close this long after the end of trading (the average of the last half hour; on days with a closing auction the auction's price, which is the last one already)",
    off: 'keeps the last price after the end',
    unit: 'minutes',
    preset: 4,
    min: 1,
    max: 30,
    whole: false,
    source: 'fact 5, between 15:30:51 and 15:35:52',
  },
  book: {
    does: 'leaves a level of the book unchanged for this long, and a best price for an eighth of it',
    off: 'changes every level in every packet',
    unit: 's',
    preset: 8,
    min: 1,
    max: 600,
    whole: false,
    source: 'not measured: an order book changes so',
  },
  bursts: {
    does: 'lets trades happen in bursts; this many times the variance of the real trades that the instruments were fitted to',
    off: 'lets trades happen one by one, in an even walk',
    unit: 'times the fitted variance',
    preset: 1,
    min: 0.2,
    max: 5,
    whole: false,
    source: 'real trades, [accuracy.md](accuracy.md)',
  },
} as const satisfies Record<string, HabitKind>;

export type HabitName = keyof typeof catalogue;

export const HABITS: Readonly<Record<HabitName, HabitKind>> = catalogue;

export const HABIT_NAMES = Object.keys(catalogue) as readonly HabitName[];

/** The value of each; undefined is off. */
export type Habits = Readonly<Record<HabitName, number | undefined>>;

/** All as measured. */
export const MEASURED = Object.freeze(
  Object.fromEntries(HABIT_NAMES.map((name) => [name, HABITS[name].preset])),
) as Habits;

export function isHabitName(name: string): name is HabitName {
  return Object.hasOwn(catalogue, name);
}

/** E.g. `a whole number from 1 to 10 (s)`. */
export function boundsOf({ whole, min, max, unit }: HabitKind): string {
  return `a ${whole ? 'whole ' : ''}number from ${min} to ${max} (${unit})`;
}

/** All habits, for a person. */
export function habitList(): string {
  const lines = HABIT_NAMES.flatMap((name) => {
    const habit = HABITS[name];
    return [
      `${name}: the feed ${habit.does.replaceAll('`', '')}. Off: it ${habit.off}.`,
      `    ${boundsOf(habit)} or off  [default: ${habit.preset}]`,
      '',
    ];
  });
  return [
    'Habits of the simulated feed, as measured on the real one: --habit NAME=value or --habit NAME=off, any number of times; --habit all=off switches off all.',
    '',
    ...lines,
  ]
    .join('\n')
    .trimEnd();
}
