/** How connections end: a closed list of causes, each with what to do. */

export type EndCause =
  | 'network'
  | 'handshake-timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'rate-limited'
  | 'server-error'
  | 'unexpected-answer'
  | 'closed'
  | 'dropped'
  | 'protocol'
  | 'pong-overdue'
  | 'mute';

/** The end of a connection, or of an attempt at one. */
export interface ConnectionEnd {
  readonly connection: number;
  readonly cause: EndCause;
  /** Close code; undefined when it was never open. */
  readonly code: number | undefined;
  /** The server's own words: the close frame's reason, `x-error-message`, or the system's error code. */
  readonly reason: string;
  /** What happened and what to do, one sentence. */
  readonly sentence: string;
  /** Real ms that it was open; 0 when it never was. */
  readonly livedMs: number;
}

/** One sentence for a cause. `reason` is presentable. */
export function endSentence(cause: EndCause, code: number | undefined, reason: string): string {
  const why = reason === '' ? '' : ` (${reason})`;
  switch (cause) {
    case 'network':
      return `The feed could not be reached${why}: check the network, the address and the certificate.`;
    case 'handshake-timeout':
      return 'The feed did not answer the handshake in time: tried again.';
    case 'unauthorized':
      return `The feed refused the tokens with 401${why}: one fresh log-in is tried; see whether another program logs in with the same client code.`;
    case 'forbidden':
      return `The feed refused the connection with 403${why}: the account may lack access to the feed.`;
    case 'rate-limited':
      return `The feed refused the connection for its limit${why}: at most three sockets per client code; waiting a minute or more.`;
    case 'server-error':
      return `The feed's server failed the handshake${why}: tried again.`;
    case 'unexpected-answer':
      return `The feed answered the handshake with something else${why}: is this a SmartAPI server?`;
    case 'closed':
      return `The server closed the connection with code ${code ?? 'none'}${why}; a close right after another program connected means too many sockets for the client code.`;
    case 'dropped':
      return `The connection broke without a close frame${why}: connecting again.`;
    case 'protocol':
      return `The server broke the WebSocket protocol or sent a message too large${why}: connecting again.`;
    case 'pong-overdue':
      return 'No pong came though pings were sent: the connection was dead and is replaced.';
    case 'mute':
      return 'The connection was open but no packet came in session: it is replaced.';
  }
}
