/** The stream of candles on connected servers: reads what is stored, and stores what follows it. */
import type { ConsumerMessages, JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type * as JetStreamPackage from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection, Subscription } from '@nats-io/transport-node';
import type * as TransportPackage from '@nats-io/transport-node';
import { sentenceOf } from '../errors.js';
import { requirePackage } from '../packages.js';
import { connectTo, troubleOf } from './connection.js';
import type { NatsAccess } from './credentials.js';
import {
  CANDLE_HEADER,
  headerOf,
  ORIGIN_HEADER,
  ownerSubjectOf,
  RUN_HEADER,
  stateIn,
  type CandleState,
  type StoredMessage,
} from './message.js';
import { CANDLES, CANDLES_SETTINGS, differencesOf, REPLICAS } from './stream-settings.js';

/** Real ms for an answer of a server, and of a run that publishes. */
const ANSWER_MS = 5000;
const OWNER_MS = 500;
/** Messages that are asked for at once. */
const HISTORY_BATCH = 500;
const HISTORY_MS = 2000;
const IDLE_CONSUMER_MS = 30_000;

/** The server has another last message of the subject than the one that was named. */
export class Superseded extends Error {}

/** The stream exists with settings that do not do. The message is a sentence. */
export class OtherSettings extends Error {}

export class CandleBus {
  readonly #connection: NatsConnection;
  readonly #access: NatsAccess;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #packages: {
    readonly jetstream: typeof JetStreamPackage;
    readonly transport: typeof TransportPackage;
  };
  readonly #owned = new Map<string, Subscription>();

  private constructor(
    connection: NatsConnection,
    access: NatsAccess,
    manager: JetStreamManager,
    packages: { readonly jetstream: typeof JetStreamPackage; readonly transport: typeof TransportPackage },
  ) {
    this.#connection = connection;
    this.#access = access;
    this.#manager = manager;
    this.#client = packages.jetstream.jetstream(connection, { timeout: ANSWER_MS });
    this.#packages = packages;
  }

  /**
   * Connects, and makes the stream if it is missing. Throws an Error whose message is a sentence without secrets;
   * OtherSettings for a stream of other settings.
   */
  static async open(access: NatsAccess): Promise<CandleBus> {
    const packages = {
      jetstream: requirePackage('@nats-io/jetstream') as typeof JetStreamPackage,
      transport: requirePackage('@nats-io/transport-node') as typeof TransportPackage,
    };
    let connection: NatsConnection | undefined;
    try {
      connection = await connectTo(access);
      const manager = await packages.jetstream.jetstreamManager(connection, {
        timeout: ANSWER_MS,
        checkAPI: false,
      });
      const bus = new CandleBus(connection, access, manager, packages);
      await bus.#prepare();
      return bus;
    } catch (error) {
      await connection?.close();
      if (error instanceof OtherSettings) throw error;
      throw new Error(sentenceFor(error, access), { cause: error });
    }
  }

  /** Resolves when the connection is gone. */
  async closed(): Promise<void> {
    await this.#connection.closed();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Of an error of the methods below: a sentence without secrets. */
  troubleOf(error: unknown): string {
    return sentenceFor(error, this.#access);
  }

  /** The subject's last message; undefined without one. */
  async last(subject: string): Promise<StoredMessage | undefined> {
    const message = await this.#manager.streams.getMessage(CANDLES, { last_by_subj: subject });
    return message === null ? undefined : storedOf(message.seq, message.header);
  }

  /** The subject's messages, from the oldest; `sinceMs`: those that were stored from then on, epoch ms. */
  async history(subject: string, sinceMs: number | undefined): Promise<StoredMessage[]> {
    const consumer = await this.#client.consumers.get(CANDLES, {
      filter_subjects: subject,
      headers_only: true,
      inactive_threshold: IDLE_CONSUMER_MS,
      ...(sinceMs === undefined ? {} : { opt_start_time: new Date(sinceMs).toISOString() }),
    });
    const found: StoredMessage[] = [];
    try {
      let left = (await consumer.info(true)).num_pending;
      while (left > 0) {
        const batch: ConsumerMessages = await consumer.fetch({
          max_messages: Math.min(left, HISTORY_BATCH),
          expires: HISTORY_MS,
        });
        let taken = 0;
        for await (const message of batch) {
          found.push(storedOf(message.seq, message.headers));
          taken++;
          left = message.info.pending;
        }
        if (taken === 0) throw new Error(`${subject} could not be read to its end`);
      }
    } finally {
      await consumer.delete().catch(() => false);
    }
    return found;
  }

  /**
   * Stores a candle after the message `expected`, 0 for the first of the subject; resolves with its sequence. Throws
   * Superseded when the subject has another last message.
   */
  async publish(
    subject: string,
    text: string,
    about: {
      readonly run: string;
      readonly origin: string;
      readonly state: CandleState;
      readonly expected: number;
    },
  ): Promise<number> {
    const headers = this.#packages.transport.headers();
    headers.set(RUN_HEADER, about.run);
    headers.set(ORIGIN_HEADER, about.origin);
    headers.set(CANDLE_HEADER, headerOf(about.state));
    try {
      const { seq } = await this.#client.publish(subject, text, {
        headers,
        expect: { streamName: CANDLES, lastSubjectSequence: about.expected },
      });
      return seq;
    } catch (error) {
      const { JetStreamApiCodes, JetStreamApiError } = this.#packages.jetstream;
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence)
        throw new Superseded(error.message);
      throw error;
    }
  }

  /** The run that publishes the subject now; undefined if none answers. */
  async ownerOf(subject: string): Promise<string | undefined> {
    try {
      const { data } = await this.#connection.request(ownerSubjectOf(subject), '', { timeout: OWNER_MS });
      return new TextDecoder().decode(data);
    } catch (error) {
      const { NoRespondersError, RequestError, TimeoutError } = this.#packages.transport;
      const isSilence =
        error instanceof NoRespondersError ||
        error instanceof TimeoutError ||
        (error instanceof RequestError && error.isNoResponders());
      if (isSilence) return undefined;
      throw error;
    }
  }

  /** Answers `ownerOf` of others with `run` from now on. */
  own(subject: string, run: string): void {
    if (this.#owned.has(subject)) return;
    this.#owned.set(
      subject,
      this.#connection.subscribe(ownerSubjectOf(subject), {
        callback: (_, message) => void message.respond(run),
      }),
    );
  }

  disown(subject: string): void {
    this.#owned.get(subject)?.unsubscribe();
    this.#owned.delete(subject);
  }

  async #prepare(): Promise<void> {
    const { JetStreamApiCodes, JetStreamApiError } = this.#packages.jetstream;
    try {
      const { config } = await this.#manager.streams.info(CANDLES);
      const differences = differencesOf(config);
      if (differences.length === 0) return;
      throw new OtherSettings(
        `The stream ${CANDLES} has other settings than tickshard's: ${differences.join(', ')}; change it, or let tickshard make it.`,
      );
    } catch (error) {
      if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound))
        throw error;
    }
    await this.#manager.streams.add({
      name: CANDLES,
      ...(CANDLES_SETTINGS as object),
      num_replicas: this.#connection.info?.cluster === undefined ? 1 : REPLICAS,
      allow_direct: true,
    });
  }
}

function sentenceFor(error: unknown, access: NatsAccess): string {
  if (error instanceof Error && error.name === 'JetStreamNotEnabled')
    return troubleOf(new Error('it has no JetStream, or its cluster has no leader now'), access);
  if (error instanceof Error && error.name === 'TimeoutError')
    return troubleOf(new Error(`it did not answer within ${ANSWER_MS / 1000} s`), access);
  return troubleOf(new Error(sentenceOf(error)), access);
}

/** A message of another program belongs to no run, and counts as the last one. */
function storedOf(sequence: number, headers: MsgHdrs | undefined): StoredMessage {
  const state = stateIn(headers?.get(CANDLE_HEADER) ?? '') ?? { startMs: -1, revision: 0, digest: 0 };
  return { ...state, sequence, run: headers?.get(RUN_HEADER) ?? '' };
}
