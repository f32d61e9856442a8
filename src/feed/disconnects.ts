/** How connections end: all causes, each with what to do. */
import type { FeedWords } from '../broker/broker.js';
import type { EndCause } from '../memory/notices.js';

export type { EndCause };

/** Of a connection or an attempt. */
export interface ConnectionEnd {
  readonly connection: number;
  readonly cause: EndCause;
  /** Close code; undefined if never open. */
  readonly code: number | undefined;
  /** From the close frame, `x-error-message`, or the system's error code. */
  readonly reason: string;
  /** What happened and what to do, one sentence. */
  readonly sentence: string;
  /** Real ms open; 0 if never. */
  readonly livedMs: number;
}

/** Advice for close codes (RFC 6455, 7.4.1). Which ones the broker uses is not known (docs/protocol.md 3). */
function closeAdvice(code: number | undefined, livedMs: number, { account, socketLimit }: FeedWords): string {
  switch (code) {
    case 1001:
    case 1012:
      return 'the server goes away or restarts: connecting again';
    case 1008:
      return `the server says that a rule was broken: look for other programs with the same ${account}`;
    case 1009:
      return 'the server took a request for too large: this is a fault of ours, keep the log';
    case 1011:
      return 'the server had a fault of its own: connecting again';
    case 1013:
      return 'the server is overloaded: connecting again';
    case undefined:
    default:
      return livedMs < SHORT_LIFE_MS
        ? `closed right after it was opened: ${socketLimit}, and another program may hold them`
        : `if another program connected just then: ${socketLimit}`;
  }
}

/** Real ms: one that closed so soon was probably one too many. */
const SHORT_LIFE_MS = 10_000;

/** Ends of an open connection that may be an effect of this process standing still. */
const AFTER_STALL: readonly EndCause[] = ['pong-overdue', 'mute', 'dropped', 'closed'];

/**
 * As `endSentence`, of an end soon after this process stood still for `stoodStillMs`: nothing else is to blame then.
 */
export function stallSentence(cause: EndCause, reason: string, stoodStillMs: number): string | undefined {
  if (!AFTER_STALL.includes(cause)) return undefined;
  const why = reason === '' ? '' : ` (${reason})`;
  return `This process stood still for ${Math.round(stoodStillMs / 1000)} s, and the connection did not outlast that${why}: connecting again.`;
}

/** One sentence: what happened and what to do. `reason` is presentable; `livedMs` as of ConnectionEnd. */
export function endSentence(
  cause: EndCause,
  code: number | undefined,
  reason: string,
  livedMs: number,
  words: FeedWords,
): string {
  const why = reason === '' ? '' : ` (${reason})`;
  switch (cause) {
    case 'network':
      return `The feed could not be reached${why}: check the network and the address.`;
    case 'certificate':
      return `The feed's server is not trusted: ${reason}; no token was sent.`;
    case 'handshake-timeout':
      return 'The feed did not answer the handshake in time: tried again.';
    case 'unauthorized':
      return `The feed refused the tokens with 401${why}: one fresh log-in is tried; see whether another program logs in with the same ${words.account}.`;
    case 'forbidden':
      return `The feed refused the connection with 403${why}: the account or this machine's address may lack access to the feed; ask the broker.`;
    case 'rate-limited':
      return `The feed refused the connection for its limit${why}: ${words.socketLimit}, and those of a crashed program linger; waiting a minute or more.`;
    case 'server-error':
      return `The feed's server failed the handshake${why}: tried again.`;
    case 'unexpected-answer':
      return `The feed answered the handshake with something else${why}: is this a ${words.server}?`;
    case 'closed':
      return `The server closed the connection with code ${code ?? 'none'}${why}: ${closeAdvice(code, livedMs, words)}.`;
    case 'dropped':
      return `The connection broke without a close frame${why}: connecting again.`;
    case 'protocol':
      return `The server broke the WebSocket protocol or sent a message too large${why}: connecting again.`;
    case 'flood':
      return `The server sent thousands of messages that are no packets and was cut off: connecting again; if that continues, is this a ${words.server}, and do its packets still have the documented lengths?`;
    case 'pong-overdue':
      return 'No pong came though pings were sent: the connection was dead and is replaced.';
    case 'mute':
      return 'The connection was open but no packet came in session: it is replaced, and if the next one is mute too a fresh log-in comes first.';
  }
}
