/** Reads answers of `getCandleData` (docs/protocol.md 10). Pure. */
import { sanitize } from '../../text/sanitize.js';
import { isRateRefusal, knownRefusal } from './refusal.js';
import { isObject } from '../../text/json.js';
import type { CandleRow } from '../../candles/candle.js';

/** Candles that begin from `fromMs` to `toMs`, both included; epoch ms. */
export interface CandleWindow {
  readonly symbol: string;
  readonly exchange: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Start of the candle with a label, both epoch ms; undefined for a label that no candle has. */
  readonly startOf: (labelMs: number) => number | undefined;
}

export type CandleAnswer =
  /**
   * Ascending, one a start; rows outside the window, which the broker sometimes sends, are dropped. `left`:
   * unreadable rows.
   */
  | { readonly kind: 'rows'; readonly rows: readonly CandleRow[]; readonly left: number }
  /** Over the rate. */
  | { readonly kind: 'limited' }
  /** The window's end is in the server's future. */
  | { readonly kind: 'early' }
  /** The server or a gateway fails: it may pass. */
  | { readonly kind: 'down'; readonly why: string }
  /** No later try helps. */
  | { readonly kind: 'refused'; readonly why: string };

/** Characters repeated of the broker's message. */
const MAX_MESSAGE = 160;

const numberOf = (value: unknown): number =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
      ? Number(value)
      : Number.NaN;

/** Undefined for what is no candle, e.g. with a price of 0. */
function rowOf(item: unknown, { symbol, exchange, startOf }: CandleWindow): CandleRow | undefined {
  if (!Array.isArray(item) || item.length < 6 || typeof item[0] !== 'string') return undefined;
  const labelMs = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(item[0])
    ? Date.parse(item[0])
    : Number.NaN;
  const timestampMs = Number.isNaN(labelMs) ? undefined : startOf(labelMs);
  const [open, high, low, close, volume] = item.slice(1, 6).map(numberOf);
  const usable =
    [open, high, low, close].every((price) => price > 0 && Number.isFinite(price)) &&
    Number.isSafeInteger(volume) &&
    volume >= 0;
  return usable && timestampMs !== undefined
    ? { symbol, exchange, timestampMs, open, high, low, close, volume }
    : undefined;
}

function rowsOf(data: readonly unknown[], window: CandleWindow): CandleAnswer {
  const byStart = new Map<number, CandleRow>();
  let left = 0;
  for (const item of data) {
    const row = rowOf(item, window);
    if (row === undefined) left++;
    else if (row.timestampMs >= window.fromMs && row.timestampMs <= window.toMs)
      byStart.set(row.timestampMs, row);
  }
  return { kind: 'rows', rows: [...byStart.values()].sort((a, b) => a.timestampMs - b.timestampMs), left };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Undefined for a gateway's page, or an answer that was cut off. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the answer to a request for `window`. `secrets` are redacted from the server's words. */
export function readAnswer(
  status: number,
  text: string,
  window: CandleWindow,
  secrets: Iterable<string>,
): CandleAnswer {
  const answer = jsonOf(text);
  if (isRateRefusal(status, text, answer)) return { kind: 'limited' };
  if (status >= 500) return { kind: 'down', why: `HTTP ${status}` };
  if (answer === undefined) return { kind: 'down', why: `HTTP ${status} and no JSON` };
  if (!isObject(answer)) return { kind: 'down', why: `HTTP ${status} and no object` };
  const { data } = answer;
  const granted = answer['status'] === true || answer['success'] === true;
  if (granted && (Array.isArray(data) || data === null || data === ''))
    return rowsOf(Array.isArray(data) ? data : [], window);
  const message = sanitize(textOf(answer['message']), secrets, MAX_MESSAGE);
  const code = sanitize(textOf(answer['errorcode']) || textOf(answer['errorCode']), secrets, MAX_MESSAGE);
  if (/greater than current/i.test(message)) return { kind: 'early' };
  const known = knownRefusal(code);
  const why = `${message || `HTTP ${status}`}${code === '' ? '' : ` (${code})`}`;
  if (granted) return { kind: 'down', why: 'an answer without a list of candles' };
  // Log-in codes come here too, for tokens; the broker's own faults may pass.
  if (code === 'AB1004' || code === 'AB2000' || code === 'AB2001') return { kind: 'down', why };
  return { kind: 'refused', why: known === undefined ? why : `${why}: ${known.remedy}` };
}
