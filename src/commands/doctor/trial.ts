/** Opens the feed like a run, subscribes one symbol, and closes; four checks say what happened. */
import type { Clock, Timer } from '../../clock.js';
import { endSentence } from '../../feed/disconnects.js';
import type { BrokerSession, TokenKey } from '../../broker/broker.js';
import type { Endpoint } from '../../broker/endpoint.js';
import type { RawEnd } from '../../feed/connection-machine.js';
import { sanitize } from '../../text/sanitize.js';
import { secondsText } from '../../text/duration.js';
import { FeedSocket, type SocketHandlers } from '../../feed/socket.js';
import { FIELD, MODE, Packet } from '../../market/packet.js';
import { istStamp } from '../../market/session.js';
import { broker } from '../../run/broker.js';
import { failed, passed, skipped, warned, type Check } from './check.js';

/** Real ms for pong and packet together, as for each token of a run. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Real ms for the answer to our close frame. */
const CLOSE_TIMEOUT_MS = 1000;

export interface TrialOptions {
  readonly endpoint: Endpoint;
  readonly session: BrokerSession;
  readonly clock: Clock;
  readonly token: TokenKey;
  /** True in continuous trading by `clock`: a packet must come. */
  readonly inSession: boolean;
  /** Ends early with a close frame. */
  readonly signal: AbortSignal;
}

/** Real ms since the start. */
interface Seen {
  openedMs: number | undefined;
  pongMs: number | undefined;
  packetMs: number | undefined;
  /** The packet's stamp, epoch ms. */
  exchangeMs: number;
  error: string | undefined;
  end: RawEnd | undefined;
}

/** The four checks, in order. Never throws: a failure is a failed check. */
export async function tryFeed(options: TrialOptions): Promise<Check[]> {
  const { clock } = options;
  const seen: Seen = {
    openedMs: undefined,
    pongMs: undefined,
    packetMs: undefined,
    exchangeMs: 0,
    error: undefined,
    end: undefined,
  };
  const socket = await talk(options, seen);
  if (seen.openedMs === undefined) {
    socket.terminate();
    const sentence =
      seen.end === undefined
        ? 'It was broken off.'
        : endSentence(seen.end.cause, seen.end.code, seen.end.reason, 0, broker.feed.words);
    return [
      failed('handshake', 'no', sentence),
      ...(['pong', 'packet', 'close'] as const).map((id) => skipped(id, 'the feed did not open')),
    ];
  }
  const closingMs = clock.monoMs();
  let dropped = false;
  if (seen.end === undefined) {
    await socket.close((fire) =>
      clock.after(CLOSE_TIMEOUT_MS, () => {
        dropped = true;
        fire();
      }),
    );
  }
  return [
    passed('handshake', `after ${secondsText(seen.openedMs, 2)}`),
    pongCheck(seen),
    packetCheck(seen, options.inSession),
    closeCheck(seen, dropped, clock.monoMs() - closingMs),
  ];
}

/** Opens, pings, subscribes; waits for all answers, the connection's end or the time limit. */
async function talk(options: TrialOptions, seen: Seen): Promise<FeedSocket> {
  const { endpoint, session, clock, signal } = options;
  let done = (): void => undefined;
  const over = new Promise<void>((resolve) => (done = resolve));
  let limit: Timer | undefined;
  const handlers = handlersOf(options, seen, done);
  const socket: FeedSocket = new FeedSocket({
    broker,
    endpoint,
    session,
    secrets: session.secrets,
    connection: 1,
    clock,
    handlers: {
      ...handlers,
      opened: (...args) => {
        handlers.opened(...args);
        limit = clock.after(ANSWER_TIMEOUT_MS, done);
        request(socket, options.token);
      },
    },
  });
  signal.addEventListener('abort', done, { once: true });
  await over;
  signal.removeEventListener('abort', done);
  limit?.cancel();
  return socket;
}

/** Sends a ping and one token's subscription. */
function request(socket: FeedSocket, token: TokenKey): void {
  const { feed } = broker;
  socket.ping(feed.ping);
  for (const { text } of feed.subscribeRequests({
    mode: MODE.ltp,
    tokens: [token],
    correlationPrefix: 'doctor',
  }))
    socket.send(text);
}

/** Notes arrivals in `seen`; calls `done` when nothing more is needed. */
function handlersOf({ clock, session, token }: TrialOptions, seen: Seen, done: () => void): SocketHandlers {
  const startMs = clock.monoMs();
  const sinceStart = (): number => clock.monoMs() - startMs;
  const { codec, feed } = broker;
  const packet = new Packet();
  const check = (): void => {
    const answered = seen.pongMs !== undefined && seen.packetMs !== undefined;
    if (seen.end !== undefined || seen.error !== undefined || answered) done();
  };
  return {
    opened: () => {
      seen.openedMs = sinceStart();
    },
    binary: (messages) => {
      for (let k = 0; k < messages.count; k++) {
        // Another instrument's packet proves nothing.
        if (
          seen.packetMs !== undefined ||
          codec.decode(messages.slice(k), packet) !== undefined ||
          packet.tokenNumber !== Number(token.token)
        )
          continue;
        seen.packetMs = sinceStart();
        seen.exchangeMs = packet.number(FIELD.exchangeMs);
        check();
      }
    },
    text: (bytes) => {
      const text = feed.classifyText(bytes, (string) => sanitize(string, session.secrets, feed.maxTextBytes));
      if (text.kind === 'pong') seen.pongMs ??= sinceStart();
      else if (text.kind === 'error') seen.error = text.code;
      check();
    },
    pong: () => {
      seen.pongMs ??= sinceStart();
      check();
    },
    ended: (_connection, end) => {
      seen.end = end;
      check();
    },
  };
}

function pongCheck({ pongMs, openedMs, end }: Seen): Check {
  if (pongMs !== undefined) return passed('pong', `after ${secondsText(pongMs - openedMs!, 2)}`);
  if (end !== undefined) return skipped('pong', 'the connection ended before');
  return failed(
    'pong',
    `no pong within ${ANSWER_TIMEOUT_MS / 1000} s`,
    'A run would take such a connection for dead: something between here and the broker holds messages back.',
  );
}

function packetCheck({ packetMs, openedMs, exchangeMs, error, end }: Seen, inSession: boolean): Check {
  if (packetMs !== undefined)
    return passed(
      'packet',
      `after ${secondsText(packetMs - openedMs!, 2)}, exchange time ${istStamp(exchangeMs)}`,
    );
  if (error !== undefined)
    return failed(
      'packet',
      `the broker answered ${error}`,
      'The request was refused: keep this line, it is a fault of ours or a change of the protocol.',
    );
  if (end !== undefined) return skipped('packet', 'the connection ended before');
  const observed = `none within ${ANSWER_TIMEOUT_MS / 1000} s`;
  if (inSession)
    return failed(
      'packet',
      observed,
      "Connected and mute in session: tokens of an earlier day, or a fault at the broker. Try again; if it stays so, log in to the broker's app once.",
    );
  return warned(
    'packet',
    observed,
    'The market is shut; most feeds repeat the last packet all the same. Try again in session.',
  );
}

function closeCheck({ end }: Seen, dropped: boolean, tookMs: number): Check {
  if (end !== undefined)
    return failed(
      'close',
      'the server ended the connection first',
      endSentence(end.cause, end.code, end.reason, 0, broker.feed.words),
    );
  if (dropped)
    return warned(
      'close',
      `the close frame was not answered within ${CLOSE_TIMEOUT_MS / 1000} s`,
      'The connection was dropped; the server may count it for a while, of three at most.',
    );
  return passed('close', `close frame answered after ${secondsText(tookMs, 2)}`);
}
