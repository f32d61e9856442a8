/**
 * Error codes at log-in: meaning and remedy. From the broker's "Exceptions" page; AB1050, AG7002, AG8004 and AB1007's
 * meaning at log-in from users' reports (docs/protocol.md 1; docs/traps.md A12).
 */
import { isObject } from '../../text/json.js';

export interface KnownRefusal {
  /** One clause. */
  readonly remedy: string;
  /** The same credentials may be accepted later. */
  readonly retryable: boolean;
}

const later = (remedy: string): KnownRefusal => ({ remedy, retryable: true });
const never = (remedy: string): KnownRefusal => ({ remedy, retryable: false });

const KNOWN: Readonly<Record<string, KnownRefusal>> = {
  AG7002: never("register this machine's public IP address for the API key at the broker's SmartAPI page"),
  AG8001: never(
    'a token or the API key is not accepted: check ANGEL_API_KEY, and that no other program logs out with the same client code',
  ),
  AG8002: later('the tokens have expired: log in afresh'),
  AG8003: never('the broker saw no token: something between here and the broker takes headers away'),
  AG8004: never('check ANGEL_API_KEY: it must be the key of an active SmartAPI app of this client code'),
  AB1000: never('check ANGEL_CLIENT_ID and ANGEL_PIN'),
  AB1001: never('ANGEL_CLIENT_ID is the client code (a letter and digits), not an e-mail address'),
  AB1002: never("ANGEL_PIN is the account's PIN of four digits, not its password"),
  AB1003: never('the client code is in use in a way that only the broker can explain: ask its support'),
  AB1004: later('the broker has a fault of its own: try again in some minutes'),
  AB1005: never(
    'the broker did not see the user type that was sent: something between here and the broker changes headers',
  ),
  AB1006: never('the account is blocked for trading: ask the broker to release it'),
  AB1007: never(
    'check ANGEL_CLIENT_ID and ANGEL_PIN before trying again: several wrong tries lock the account',
  ),
  AB1010: later('the session at the broker has expired: log in afresh'),
  AB1011: never("log in once in the broker's app or web site, accept what it asks, and try again"),
  AB1031: never('the PIN was changed: set ANGEL_PIN to the new one'),
  AB1032: never('check ANGEL_CLIENT_ID: the broker knows no such client'),
  AB1050: never("check ANGEL_TOTP_SECRET (the text that the QR code holds) and this machine's clock"),
  AB2000: later('the broker does not say why: try again in some minutes'),
  AB2001: later('the broker has a fault of its own: try again in some minutes'),
  AB8050: later('the refresh token is not accepted: log in afresh'),
  AB8051: later('the refresh token has expired: log in afresh'),
};

/** What to do about the broker's `code`; undefined for codes that are not of the log-in, such as those of orders. */
export function knownRefusal(code: string): KnownRefusal | undefined {
  return Object.hasOwn(KNOWN, code) ? KNOWN[code] : undefined;
}

/** Codes of a refusal for rate that comes with HTTP 200 (docs/protocol.md 1, "Rate limits"). */
const RATE_CODES: ReadonlySet<string> = new Set(['AB1019', 'AB1021']);

/**
 * True if an answer refuses a request for its rate: HTTP 429, a 403 that says so, or JSON with one of the codes or
 * words. `answer`: `text` as JSON; undefined if it cannot be parsed.
 */
export function isRateRefusal(status: number, text: string, answer: unknown): boolean {
  if (status === 429) return true;
  if (status === 403) return /rate|too many requests/i.test(text);
  if (status >= 500 || !isObject(answer)) return false;
  if (answer['status'] === true || answer['success'] === true) return false;
  const { message, errorcode, errorCode } = answer;
  if ([errorcode, errorCode].some((code) => typeof code === 'string' && RATE_CODES.has(code))) return true;
  return (
    typeof message === 'string' && /too many requests|exceed\w*.*\brate\b|\brate\b.*exceed/i.test(message)
  );
}

/** For tests and the documentation. */
export const KNOWN_CODES: readonly string[] = Object.keys(KNOWN);
