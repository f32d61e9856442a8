/**
 * `--warm-up`: polls the day's earlier candles over REST before the feed opens, so that momentum evaluates from its
 * first minute.
 */
import type { Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { BrokerSession, CandlePoller } from '../broker/broker.js';
import { CandlesRefused } from '../broker/refusals.js';
import type { CandleRow } from '../candles/candle.js';
import type { Instrument } from '../market/instrument.js';
import { istStamp, MINUTE_MS } from '../market/session.js';
import { named } from '../text/named.js';
import { count } from '../text/count.js';
import { secondsText } from '../text/duration.js';
import type { NetworkAudit } from '../monitor/network-audit.js';
import { fillCandles, sharedRoom, type WarmUpCandles } from '../candles/warm-up-candles.js';
import { broker } from './broker.js';
import type { Plan } from './plan.js';
import type { Source } from './source.js';

/**
 * With fewer minutes of today the previous trading day is polled too: the rule needs twenty candles
 * (docs/semantics.md, "Momentum").
 */
const ENOUGH_TODAY = 30;
/** Room for two days of 375 minutes and an auction each. */
const MAX_CANDLES = 800;
/** Market ms after its end in which the broker may still change a minute. */
const SETTLE_MS = 10_000;

/** Room for all instruments' candles. Threads get it before anything is polled. */
export function warmUpRoom(instruments: readonly Instrument[]): WarmUpCandles {
  return {
    volumeKind: 'traded',
    rows: Object.fromEntries(instruments.map(({ symbol }) => [symbol, sharedRoom(MAX_CANDLES)])),
  };
}

/** Real ms that polling takes if no request fails; 0 without `--warm-up`. */
export function warmUpMs({ config, instruments }: Pick<Plan, 'config' | 'instruments'>): number {
  return config.warmUp ? instruments.length * broker.candles.apartMs : 0;
}

export interface WarmUpOptions {
  readonly plan: Plan;
  readonly source: Source;
  /** Made by `warmUpRoom`; filled here. */
  readonly room: WarmUpCandles;
  readonly network: NetworkAudit;
  readonly say: (sentence: string) => void;
  /** Stops it early. */
  readonly over: Promise<void>;
}

export interface WarmUp {
  /** The log-in, which the feed reuses; undefined if it failed. */
  readonly session: BrokerSession | undefined;
  /** What a person should know, sentences. */
  readonly notes: readonly string[];
}

/** Labels (starts, epoch ms) of the first and last minute to poll; undefined if no minute is due. */
export function windowOf(
  plan: Pick<Plan, 'sessionOf' | 'previousOpenMs'>,
  instrument: Instrument,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } | undefined {
  const { openMs } = plan.sessionOf(instrument);
  const settledMs = Math.floor((nowMs - SETTLE_MS) / MINUTE_MS) * MINUTE_MS;
  const today = (settledMs - openMs) / MINUTE_MS;
  const fromMs = today >= ENOUGH_TODAY ? openMs : (plan.previousOpenMs ?? openMs);
  const toMs = settledMs - MINUTE_MS;
  return toMs >= fromMs ? { fromMs, toMs } : undefined;
}

/** Market time by the broker's clock: it refuses a request for its own future. */
function nowOf({ clock }: Source, session: BrokerSession, told: boolean): number {
  return clock.marketMs() - (told ? 0 : Math.max(0, session.clockAheadMs ?? 0));
}

/**
 * Logs in and polls. Throws EngineError LOGIN if the log-in is refused, or if the broker cannot be reached and the
 * run does not wait for the opening. Candles that cannot be had are a note: the run continues, and momentum waits for
 * twenty candles of its own.
 */
export async function warmUp(options: WarmUpOptions): Promise<WarmUp> {
  const { plan, source, network, say, over } = options;
  const { clock, endpoint, credentials } = source;
  const abort = new AbortController();
  void over.then(() => abort.abort());
  let session: BrokerSession;
  try {
    session = await broker.access.logIn(endpoint, credentials, clock, abort.signal);
  } catch (error) {
    if (
      !(error instanceof EngineError) ||
      !(abort.signal.aborted || (error.retryable && plan.opensMs !== undefined))
    )
      throw error;
    return { session: undefined, notes: [`No warm-up: ${error.message}`] };
  }
  network.enter('warm-up');
  const poller = broker.candles.poller({ endpoint, session, clock, signal: abort.signal, say });
  say(
    `Warm-up: asking for the earlier candles of ${count(plan.instruments.length, 'symbol')}, two a second.`,
  );
  const told = await poll(options, session, poller, clock);
  for (const sentence of told) say(sentence);
  return { session, notes: told };
}

/** Polls each instrument. Returns sentences; the first one is the summary. */
async function poll(
  { plan, source, room }: WarmUpOptions,
  session: BrokerSession,
  poller: CandlePoller,
  clock: Clock,
): Promise<string[]> {
  const notes: string[] = [];
  const without: string[] = [];
  const begunMs = clock.monoMs();
  let candles = 0;
  let lastMs = 0;
  for (const instrument of plan.instruments) {
    const window = windowOf(plan, instrument, nowOf(source, session, plan.marketClock));
    try {
      const rows: readonly CandleRow[] =
        window === undefined ? [] : await poller.candles(instrument, window.fromMs, window.toMs);
      fillCandles(room.rows[instrument.symbol], rows);
      candles += rows.length;
      lastMs = Math.max(lastMs, rows.at(-1)?.timestampMs ?? 0);
      if (rows.length === 0) without.push(instrument.symbol);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      notes.push(`Warm-up: ${error.message}`);
      without.push(instrument.symbol);
      // A refusal may concern one symbol. An unreachable broker or an end of the run concerns all.
      if (!(error instanceof CandlesRefused)) break;
    }
  }
  const until = lastMs === 0 ? '' : `, until ${istStamp(lastMs).slice(0, 16).replace('T', ' ')}`;
  const sum = `Warm-up: ${count(candles, 'candle')} of ${count(plan.instruments.length, 'symbol')}${until}, by ${count(poller.requests, 'request')} in ${secondsText(clock.monoMs() - begunMs, 0)}.`;
  const left =
    without.length === 0
      ? []
      : [`Warm-up: no earlier candles of ${named(without)}: momentum waits for twenty of our own there.`];
  const unread = [...poller.unreadable].map(
    ([symbol, rows]) =>
      `Warm-up: ${rows} of the broker's rows of ${symbol} could not be read and are left out.`,
  );
  return [sum, ...notes, ...left, ...unread];
}
