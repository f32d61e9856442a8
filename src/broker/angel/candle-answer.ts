/**
 * What `getCandleData` answers, read (docs/protocol.md 10): rows of the window that was asked for, or why there are
 * none. Pure.
 */
import { sanitize } from '../../text/sanitize.js';
import { knownRefusal } from './refusal.js';
import { isObject } from '../../text/json.js';
import type { CandleRow } from '../../candles/candle.js';
import { MINUTE_MS } from '../../market/session.js';

/** The symbol's minutes with a label from `fromMs` to `toMs`, both included; epoch ms. */
export interface CandleWindow {
  readonly symbol: string;
  readonly exchange: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export type CandleAnswer =
  /**
   * Ascending, one a minute, within the window: the broker sometimes sends others along. `left`: rows that could not
   * be read.
   */
  | { readonly kind: 'rows'; readonly rows: readonly CandleRow[]; readonly left: number }
  /** Refused for the rate: HTTP 429, or 403 that speaks of it. */
  | { readonly kind: 'limited' }
  /** The window reaches into what is the future for the server. */
  | { readonly kind: 'early' }
  /** The server or what is before it is out of order: it may pass. */
  | { readonly kind: 'down'; readonly why: string }
  /** It will not give this, now or later. */
  | { readonly kind: 'refused'; readonly why: string };

/** Characters of the broker's own message that are repeated. */
const MAX_MESSAGE = 160;

const numberOf = (value: unknown): number =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
      ? Number(value)
      : Number.NaN;

/** One row of `data`; undefined where it is not a candle, e.g. with a price of 0. */
function rowOf(item: unknown, { symbol, exchange }: CandleWindow): CandleRow | undefined {
  if (!Array.isArray(item) || item.length < 6 || typeof item[0] !== 'string') return undefined;
  const timestampMs = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(item[0])
    ? Date.parse(item[0])
    : Number.NaN;
  const [open, high, low, close, volume] = item.slice(1, 6).map(numberOf);
  const usable =
    [open, high, low, close].every((price) => price > 0 && Number.isFinite(price)) &&
    Number.isSafeInteger(volume) &&
    volume >= 0 &&
    timestampMs % MINUTE_MS === 0;
  return usable ? { symbol, exchange, timestampMs, open, high, low, close, volume } : undefined;
}

function rowsOf(data: readonly unknown[], window: CandleWindow): CandleAnswer {
  const byMinute = new Map<number, CandleRow>();
  let left = 0;
  for (const item of data) {
    const row = rowOf(item, window);
    if (row === undefined) left++;
    else if (row.timestampMs >= window.fromMs && row.timestampMs <= window.toMs)
      byMinute.set(row.timestampMs, row);
  }
  return { kind: 'rows', rows: [...byMinute.values()].sort((a, b) => a.timestampMs - b.timestampMs), left };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads the answer to a request for `window`. `secrets` are redacted from the server's words. */
export function readAnswer(
  status: number,
  text: string,
  window: CandleWindow,
  secrets: Iterable<string>,
): CandleAnswer {
  if (status === 429 || (status === 403 && /rate/i.test(text))) return { kind: 'limited' };
  if (status >= 500) return { kind: 'down', why: `HTTP ${status}` };
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return { kind: 'down', why: `HTTP ${status} and no JSON` }; // A gateway's page, or an answer that was cut off.
  }
  if (!isObject(answer)) return { kind: 'down', why: `HTTP ${status} and no object` };
  const { data } = answer;
  const granted = answer['status'] === true || answer['success'] === true;
  if (granted && (Array.isArray(data) || data === null || data === ''))
    return rowsOf(Array.isArray(data) ? data : [], window);
  const message = sanitize(textOf(answer['message']), secrets, MAX_MESSAGE);
  const code = sanitize(textOf(answer['errorcode']) || textOf(answer['errorCode']), secrets, MAX_MESSAGE);
  if (/rate/i.test(message) && /exceed/i.test(message)) return { kind: 'limited' };
  if (/greater than current/i.test(message)) return { kind: 'early' };
  const known = knownRefusal(code);
  const why = `${message || `HTTP ${status}`}${code === '' ? '' : ` (${code})`}`;
  if (granted) return { kind: 'down', why: 'an answer without a list of candles' };
  // Codes of the log-in come here for tokens, too; the broker's own faults may pass.
  if (code === 'AB1004' || code === 'AB2000' || code === 'AB2001') return { kind: 'down', why };
  return { kind: 'refused', why: known === undefined ? why : `${why}: ${known.remedy}` };
}
