/**
 * Schedules: what happens to a run, told as a list of plain happenings (from fast-check, or from a seed) and unfolded
 * into bytes with their times of arrival. The frames are written here by DataView: nothing of `src/wire` is trusted
 * to make its own test data.
 */
import type { NaiveMode, NaivePacket } from '../naive.js';
import type { Random } from '../../src/random.js';

/** One call of the router; a schedule is a list of them in order. Clocks: market epoch ms, real monotonic ms. */
export type Step =
  | {
      readonly kind: 'packet';
      readonly packet: NaivePacket;
      readonly marketMs: number;
      readonly monoMs: number;
    }
  | {
      readonly kind: 'subscribed';
      readonly connection: number;
      readonly marketMs: number;
      readonly monoMs: number;
    }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'tick'; readonly marketMs: number };

/** The fields of a frame that the engine reads; the rest of a longer frame is zero. */
export interface Fields {
  mode: number;
  exchangeType: number;
  token: string;
  sequence: bigint;
  exchangeMs: bigint;
  price: bigint;
  volume: bigint;
  lastTradeSeconds: bigint;
  lastQuantity?: bigint;
  openInterest?: bigint;
  /** The day's range, where it is not 5 above and 5 below the price. */
  dayHigh?: bigint;
  dayLow?: bigint;
  previousClose?: bigint;
  upperCircuit?: bigint;
  lowerCircuit?: bigint;
}

const LENGTH: Readonly<Record<number, number>> = { 1: 51, 2: 123, 3: 379, 4: 443 };

/** The fields as a frame. */
export function frame(fields: Fields): Uint8Array {
  const bytes = new Uint8Array(LENGTH[fields.mode]);
  const view = new DataView(bytes.buffer);
  bytes[0] = fields.mode;
  bytes[1] = fields.exchangeType;
  bytes.set(Buffer.from(fields.token, 'latin1').subarray(0, 25), 2);
  if (fields.mode === 4) return bytes;
  view.setBigInt64(27, fields.sequence, true);
  view.setBigInt64(35, fields.exchangeMs, true);
  view.setBigInt64(43, fields.price, true);
  if (fields.mode === 1) return bytes;
  view.setBigInt64(51, fields.lastQuantity ?? 0n, true);
  view.setBigInt64(59, fields.price, true); // average price, day high and day low: anything above zero
  view.setBigInt64(67, fields.volume, true);
  view.setBigInt64(91, fields.price, true);
  view.setBigInt64(99, fields.dayHigh ?? fields.price + 5n, true);
  view.setBigInt64(107, fields.dayLow ?? (fields.price > 5n ? fields.price - 5n : fields.price), true);
  view.setBigInt64(115, fields.previousClose ?? 0n, true);
  if (fields.mode === 2) return bytes;
  view.setBigInt64(123, fields.lastTradeSeconds, true);
  view.setBigInt64(131, fields.openInterest ?? 0n, true);
  view.setBigInt64(347, fields.upperCircuit ?? 0n, true);
  view.setBigInt64(355, fields.lowerCircuit ?? 0n, true);
  return bytes;
}

const ORDINARY = [
  'trade',
  'trade',
  'trade',
  'trade',
  'trade',
  'noTrade',
  'priceFirst',
  'delayed',
  'repeat',
  'replay',
  'late',
  'tick',
] as const;
const ODD = [
  'reconnect', 'slowReconnect', 'noSequence', 'sameSequence', 'negativeSequence', 'volumeFall', 'hugeVolume', 'negativeVolume', 'zeroPrice', 'negativePrice', 'hugePrice',
  'safePrice', 'year9999', 'zeroTime', 'negativeTime', 'unknownToken', 'paddedToken', 'unknownExchange', 'otherExchange', 'otherMode', 'depth', 'garbage', 'twoFrames',
  'empty', 'text', 'oldTrade', 'noTradeYet', 'tradeAhead', 'minuteBoundary', 'milliseconds', 'smallRise', 'contradicted', 'wideRange', 'closing',
  'strayVolume', 'straySequence', 'counterRestarts', 'interest',
] as const; // prettier-ignore
export type What = (typeof ORDINARY)[number] | (typeof ODD)[number];
export const WHATS: readonly What[] = [...ORDINARY, ...ODD];

/** One thing that happens, as small numbers. */
export interface Happening {
  readonly what: What;
  /** Market ms since the one before. */
  readonly afterMs: number;
  /** Which instrument: any number, taken modulo. */
  readonly which: number;
  /** What the price moves by, wire units. */
  readonly move: number;
  readonly quantity: number;
  /** How late, how far back or how long, for what is late, old or slow: 0..1. */
  readonly degree: number;
}

export interface Market {
  readonly mode: NaiveMode;
  readonly startMs: number;
  /** Market ms a real ms. */
  readonly speed: number;
  readonly instruments: readonly { readonly exchangeType: number; readonly token: string }[];
  /** The sequence is about to carry into the high word, where fast paths take no frame. */
  readonly carries?: boolean;
  /** The day's range is that of the prices so far, and moves seldom; else it lies about each price. */
  readonly running?: boolean;
  /** Stamps have milliseconds, as about 06:55; else whole seconds. */
  readonly milliseconds?: boolean;
}

/** A seeded list of happenings: one in `oddEvery` is out of the ordinary, the mean distance is `meanMs`. */
export function seededHappenings(
  random: Random,
  count: number,
  meanMs: number,
  oddEvery: number,
): Happening[] {
  const below = (n: number): number => Math.floor(random() * n);
  return Array.from({ length: count }, () => ({
    what: random() * oddEvery < 1 ? ODD[below(ODD.length)] : ORDINARY[below(ORDINARY.length)],
    afterMs: below(2 * meanMs + 1),
    which: below(1000),
    move: below(21) - 10,
    quantity: below(500) + 1,
    degree: random(),
  }));
}

/** Sessions end on whole quarters of an hour. */
const QUARTER_MS = 900_000;

/** Where a counter stands shortly before it carries into the high word, and its step. */
const CARRYING = { from: 2n ** 32n - 200n, step: 7n };

/**
 * Unfolds happenings into steps, from subscribing on connection 1 on. The first frame is on time, so that none after
 * it is ahead of what elapsed.
 */
export function unfold(happenings: readonly Happening[], market: Market): Step[] {
  const { mode, instruments } = market;
  const steps: Step[] = [];
  const states = instruments.map((_, index) => ({
    price: 100_000n + 1000n * BigInt(index),
    high: 100_030n + 1000n * BigInt(index),
    low: 99_970n + 1000n * BigInt(index),
    volume: 1000n,
    lastQuantity: 1n,
    /** Traded, and not told yet. */
    owed: 0n,
    sent: [] as Uint8Array[],
  }));
  const delayed: { left: number; bytes: Uint8Array }[] = [];
  let clock = market.startMs;
  let connection = 0;
  let subscribedAt = clock;
  let sequence = market.carries === true ? CARRYING.from : 1000n;
  const mono = (): number => 1000 + (clock - market.startMs) / market.speed;
  const deliver = (bytes: Uint8Array): void => {
    const since = clock - subscribedAt;
    steps.push({
      kind: 'packet',
      packet: {
        bytes,
        connection,
        marketMsSinceSubscribe: since,
        realMsSinceSubscribe: since / market.speed,
      },
      marketMs: clock,
      monoMs: mono(),
    });
  };
  const subscribe = (): void => {
    connection++;
    subscribedAt = clock;
    steps.push({ kind: 'subscribed', connection, marketMs: clock, monoMs: mono() });
  };
  const fieldsOf = (which: number, atMs: number): Fields => {
    const second = Math.floor(atMs / 1000);
    const state = states[which];
    const { price, volume, lastQuantity } = state;
    if (price > state.high) state.high = price;
    if (price < state.low) state.low = price;
    sequence += market.carries === true ? CARRYING.step : 1n;
    const { exchangeType, token } = instruments[which];
    return {
      mode,
      exchangeType,
      token,
      sequence,
      exchangeMs: BigInt(market.milliseconds === true ? Math.floor(atMs) : second * 1000),
      price,
      volume,
      lastTradeSeconds: BigInt(second),
      lastQuantity,
      openInterest: BigInt((Math.floor(second / 20) * 7) % 100),
      ...(market.running === true ? { dayHigh: state.high, dayLow: state.low } : {}),
    };
  };
  subscribe();
  deliver(frame(fieldsOf(0, clock)));
  for (const happening of happenings) {
    clock += happening.afterMs;
    const which = happening.which % instruments.length;
    const state = states[which];
    for (const one of delayed) if (--one.left <= 0) deliver(one.bytes);
    delayed.splice(0, delayed.length, ...delayed.filter((one) => one.left > 0));
    happen(happening);
    state.sent.splice(0, Math.max(0, state.sent.length - 8));

    function trade(): void {
      const next = state.price + BigInt(happening.move);
      state.price = next > 0n ? next : 1n;
      state.lastQuantity = BigInt(happening.quantity);
      state.volume += state.lastQuantity + state.owed;
      state.owed = 0n;
    }
    function send(change: Partial<Fields> = {}, atMs = clock): void {
      const bytes = frame({ ...fieldsOf(which, atMs), ...change });
      state.sent.push(bytes);
      deliver(bytes);
    }
    function happen({ what, degree }: Happening): void {
      switch (what) {
        case 'trade':
          trade();
          return send();
        case 'noTrade':
          return send();
        case 'priceFirst':
          // Price and last quantity of a trade whose volume comes with a later one.
          trade();
          state.volume -= state.lastQuantity;
          state.owed = state.lastQuantity;
          return send();
        case 'smallRise':
          // The volume of an earlier trade alone.
          trade();
          state.volume -= state.lastQuantity - 1n;
          state.owed = state.lastQuantity - 1n;
          return send();
        case 'delayed': {
          trade();
          return void delayed.push({
            left: 1 + Math.floor(degree * 12),
            bytes: frame(fieldsOf(which, clock)),
          });
        }
        case 'repeat':
          return state.sent.length > 0 ? deliver(state.sent.at(-1)!) : send();
        case 'replay':
          return state.sent.length > 0 ? deliver(state.sent[Math.floor(degree * state.sent.length)]) : send();
        case 'late':
          trade();
          return send({}, clock - degree * 240_000);
        case 'tick':
          return void steps.push({ kind: 'tick', marketMs: clock });
        case 'reconnect':
        case 'slowReconnect':
          steps.push({ kind: 'disconnected' });
          clock += degree * (what === 'reconnect' ? 2000 : 200_000);
          return subscribe();
        case 'noSequence':
          trade();
          return send({ sequence: 0n });
        case 'sameSequence':
          // Told twice under one number, with another price or another time.
          trade();
          send();
          return send(
            degree < 0.5 ? { sequence, price: state.price + 1n } : { sequence },
            degree < 0.5 ? clock : clock - 2000,
          );
        case 'negativeSequence':
          trade();
          return send({ sequence: degree < 0.5 ? -sequence : -(2n ** 63n) });
        case 'volumeFall':
          state.volume -= BigInt(Math.min(happening.quantity, Number(state.volume)));
          return send();
        case 'hugeVolume':
          return send({ volume: degree < 0.5 ? 2n ** 53n : 2n ** 63n - 1n });
        case 'negativeVolume':
          return send({ volume: -1n });
        case 'zeroPrice':
          return send({ price: 0n });
        case 'negativePrice':
          return send({ price: degree < 0.5 ? -1n : -(2n ** 63n) });
        case 'hugePrice':
          return send({ price: degree < 0.5 ? 2n ** 53n : 2n ** 62n });
        case 'safePrice':
          trade();
          return send({ price: degree < 0.5 ? 2n ** 53n - 1n : 2n ** 32n });
        case 'year9999':
          return send({ exchangeMs: 253_402_300_799_000n });
        case 'zeroTime':
          return send({ exchangeMs: 0n });
        case 'negativeTime':
          return send({ exchangeMs: -(2n ** 62n) });
        case 'unknownToken':
          return deliver(frame({ ...fieldsOf(which, clock), token: degree < 0.5 ? '777' : 'ABC' }));
        case 'paddedToken':
          return deliver(frame({ ...fieldsOf(which, clock), token: `0${instruments[which].token}` }));
        case 'unknownExchange':
          return deliver(frame({ ...fieldsOf(which, clock), exchangeType: 6 }));
        case 'otherExchange':
          return deliver(frame({ ...fieldsOf(which, clock), exchangeType: 7 }));
        case 'otherMode':
          return deliver(frame({ ...fieldsOf(which, clock), mode: (mode % 3) + 1 }));
        case 'depth':
          return deliver(frame({ ...fieldsOf(which, clock), mode: 4 }));
        case 'garbage':
          return deliver(
            Uint8Array.from(
              { length: Math.floor(degree * 400) },
              (_, k) => (k * 31 + happening.quantity) & 0xff,
            ),
          );
        case 'twoFrames':
          return deliver(Buffer.concat([frame(fieldsOf(which, clock)), frame(fieldsOf(which, clock))]));
        case 'empty':
          return deliver(new Uint8Array(0));
        case 'text':
          return deliver(Buffer.from('{"errorCode":"E1002","errorMessage":"Subscription Limit Exceeded"}'));
        case 'oldTrade':
          trade();
          return send({ lastTradeSeconds: BigInt(Math.floor((clock - degree * 900_000) / 1000)) });
        case 'noTradeYet':
          return send({ lastTradeSeconds: degree < 0.5 ? 0n : -1n });
        case 'tradeAhead':
          trade();
          return send({ lastTradeSeconds: BigInt(Math.floor((clock + degree * 120_000) / 1000)) });
        case 'interest':
          return send({
            openInterest: [-1n, 1n << 40n, 1n << 60n, BigInt(happening.quantity)][Math.floor(degree * 3.99)],
          });
        case 'contradicted': {
          trade();
          const { price } = state;
          const around = { upperCircuit: (price * 12n) / 10n, lowerCircuit: (price * 8n) / 10n };
          // Ten times too high, a fifth too high, or with a previous close near the wrong price.
          const wrong = degree < 0.7 ? price * 10n : (price * 13n) / 10n;
          const previousClose = degree < 0.4 ? price : degree < 0.6 ? 0n : wrong;
          return send({ ...around, price: wrong, previousClose, dayHigh: price + 5n, dayLow: price });
        }
        case 'wideRange': {
          trade();
          const { price } = state;
          const [upperCircuit, lowerCircuit] = [price + 20n, price > 20n ? price - 20n : 1n];
          return send({ upperCircuit, lowerCircuit, dayHigh: price + 10n + BigInt(Math.floor(degree * 20)) });
        }
        case 'strayVolume':
          // With or without a trade: nothing, a thousand times too much, or a little more or less.
          if (degree < 0.5) trade();
          return send({
            volume: [0n, state.volume * 1000n, state.volume + 3n, state.volume - 1n][happening.quantity % 4],
          });
        case 'straySequence':
          trade();
          return send({ sequence: [2n ** 62n, sequence + 5_000_000n, 1n][happening.quantity % 3] });
        case 'counterRestarts':
          sequence = BigInt(happening.quantity);
          trade();
          return send();
        case 'milliseconds':
          trade();
          return send({ exchangeMs: BigInt(Math.floor(clock)) });
        case 'closing': {
          // Around the end of a session: stamps of the last second, the tail and just after it.
          const closeMs = Math.round(clock / QUARTER_MS) * QUARTER_MS;
          if (Math.abs(clock - closeMs) > 40_000) return send();
          const before = { volume: state.volume, lastQuantity: state.lastQuantity };
          trade();
          // The price alone, with its quantity, or with its volume.
          if (happening.quantity % 3 > 0) state.volume = before.volume;
          if (happening.quantity % 3 > 1) state.lastQuantity = before.lastQuantity;
          return send({}, closeMs - 1000 + Math.floor(degree * 4) * 1000);
        }
        case 'minuteBoundary':
          trade();
          return send({}, Math.floor(clock / 60_000) * 60_000);
      }
    }
  }
  return steps;
}
