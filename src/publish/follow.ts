/** Reads published candles in the order in which they were stored, through lost connections and lost disks. */
import type * as JetStreamPackage from '@nats-io/jetstream';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { FileIdentity } from '../candles/candle.js';
import { sleep } from '../clock.js';
import { requirePackage } from '../packages.js';
import { isObject } from '../text/json.js';
import { connectTo, troubleOf } from './connection.js';
import type { NatsAccess } from './credentials.js';
import { CANDLE_HEADER, ORIGIN_HEADER, originIn, type PublishedCandle } from './message.js';
import { CANDLES } from './stream-settings.js';

/** Real ms before another attempt to connect. */
const PAUSE_MS = 1000;

export interface FollowedCandle {
  readonly event: PublishedCandle;
  /** As it was published. */
  readonly text: string;
  readonly origin: FileIdentity | undefined;
  /** Messages of the stream that are stored and were not yet read. */
  readonly left: number;
}

export interface FollowOptions {
  readonly access: NatsAccess;
  /** Ends when all that is stored was read; otherwise only `signal` ends it. */
  readonly once: boolean;
  readonly signal: AbortSignal;
  /** A sentence, at each attempt that fails. */
  readonly onTrouble: (sentence: string) => void;
}

/** Where reading is. */
interface Place {
  /** Sequence of the last message that was read. */
  after: number;
  /** When the stream was made: one that was made again counts from 1. */
  created: string | undefined;
  /** State of each candle as last read, by subject and start. */
  readonly states: Map<string, string>;
}

/**
 * Yields each candle and revision once, and what is published from then on. Messages of other programs are passed over.
 * With `once` it throws the sentence of a failed attempt.
 */
export async function* follow(options: FollowOptions): AsyncGenerator<FollowedCandle, void> {
  const { access, once, signal, onTrouble } = options;
  const place: Place = { after: 0, created: undefined, states: new Map() };
  while (!signal.aborted) {
    let connection: NatsConnection | undefined;
    try {
      connection = await connectTo(access);
      yield* messagesOf(connection, place, options);
      if (once) return;
    } catch (error) {
      const sentence = troubleOf(error, access);
      if (once) throw new Error(sentence, { cause: error });
      onTrouble(sentence);
    } finally {
      await connection?.close();
    }
    await sleep(PAUSE_MS);
  }
}

async function* messagesOf(
  connection: NatsConnection,
  place: Place,
  { once, signal }: FollowOptions,
): AsyncGenerator<FollowedCandle, void> {
  const { jetstream, jetstreamManager } = requirePackage('@nats-io/jetstream') as typeof JetStreamPackage;
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const last = await beginAt(manager, place);
  if (once && last <= place.after) return;
  const consumer = await jetstream(connection).consumers.get(CANDLES, {
    filter_subjects: 'candle.>',
    opt_start_seq: place.after + 1,
  });
  const messages = await consumer.consume();
  const stop = (): void => messages.stop();
  signal.addEventListener('abort', stop, { once: true });
  void connection.closed().then(stop);
  try {
    for await (const message of messages) {
      if (signal.aborted) return;
      place.after = message.seq;
      const text = message.string();
      const event = candleIn(text);
      const state = message.headers?.get(CANDLE_HEADER) ?? '';
      const key = `${message.subject} ${state.split(' ')[0]}`;
      const left = message.info.pending;
      if (event !== undefined && place.states.get(key) !== state) {
        place.states.set(key, state);
        yield { event, text, origin: originIn(message.headers?.get(ORIGIN_HEADER) ?? ''), left };
      }
      if (once && left === 0) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The stream's last sequence. Begins again in a stream that was made again, or that lost what was read. */
async function beginAt(manager: JetStreamManager, place: Place): Promise<number> {
  const { created, state } = await manager.streams.info(CANDLES);
  if (created !== place.created || state.last_seq < place.after) place.after = 0;
  place.created = created;
  return state.last_seq;
}

/** Undefined for a text that is no event with a candle. */
function candleIn(text: string): PublishedCandle | undefined {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return undefined; // Of another program.
  }
  const isWhole =
    isObject(event) &&
    ['candle', 'revision'].includes(String(event.type)) &&
    typeof event.timeframe === 'string' &&
    isObject(event.instrument) &&
    ['exchange', 'token', 'symbol'].every(
      (name) => typeof (event.instrument as Record<string, unknown>)[name] === 'string',
    ) &&
    isObject(event.candle) &&
    typeof event.candle.timestampMs === 'number' &&
    isObject(event.quality);
  return isWhole ? (event as PublishedCandle) : undefined;
}
