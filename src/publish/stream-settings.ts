/** The stream of candles on a server: how it is made, and whether one that exists can be used. Pure. */

export const CANDLES = 'CANDLES';

const DAY_NS = 86_400_000_000_000;

/** Settings that consumers and publishers rely on. The number of copies is the operator's to change. */
export const CANDLES_SETTINGS = {
  subjects: ['candle.*.*.*'],
  storage: 'file',
  retention: 'limits',
  discard: 'old',
  max_age: 7 * DAY_NS,
  max_msgs: -1,
  max_bytes: -1,
  max_msgs_per_subject: -1,
} as const;

/** Copies of each message where the server is one of a cluster. */
export const REPLICAS = 3;

const shown = (name: string, value: unknown): string =>
  name === 'max_age' && typeof value === 'number' ? `${value / DAY_NS} days` : JSON.stringify(value ?? null);

/** How a stream's settings differ from ours, a phrase each. */
export function differencesOf(settings: object): string[] {
  const has = settings as Readonly<Record<string, unknown>>;
  return Object.entries(CANDLES_SETTINGS)
    .filter(([name, value]) => JSON.stringify(has[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${name} is ${shown(name, has[name])} and not ${shown(name, value)}`);
}
