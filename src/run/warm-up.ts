/**
 * `--warm-up`: polls the day's earlier candles over REST before the feed opens, for momentum from the first minute.
 */
import type { Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { BrokerSession, CandlePoller } from '../broker/broker.js';
import { CandlesRefused } from '../broker/refusals.js';
import type { CandleRow } from '../candles/candle.js';
import { nameOf, type Instrument } from '../market/instrument.js';
import { istStamp, MINUTE_MS } from '../market/session.js';
import { named } from '../text/named.js';
import { count } from '../text/count.js';
import { secondsText } from '../text/duration.js';
import type { NetworkAudit } from '../monitor/network-audit.js';
import { fillCandles, sharedRoom, type WarmUpCandles } from '../candles/warm-up-candles.js';
import { logInPatiently } from '../feed/patient-log-in.js';
import { broker } from './broker.js';
import type { Plan } from './plan.js';
import type { Source } from './source.js';

/**
 * With fewer minutes of today the previous trading day is polled too: momentum needs twenty candles
 * (docs/semantics.md, "Momentum").
 */
const ENOUGH_TODAY = 30;
/** Two days of the longest session: 375 minutes and an auction, on MCX 895 minutes, in currencies 480. */
const MAX_CANDLES: Readonly<Record<string, number>> = { MCX: 1800, CDS: 970 };
const MAX_CANDLES_ELSEWHERE = 800;
/** Market ms after a minute's end in which the broker may change it. */
const SETTLE_MS = 10_000;

/** Threads get this room for all instruments' candles before anything is polled. */
export function warmUpRoom(instruments: readonly Instrument[]): WarmUpCandles {
  return {
    volumeKind: 'traded',
    rows: Object.fromEntries(
      instruments.map((instrument) => [
        nameOf(instrument),
        sharedRoom(MAX_CANDLES[instrument.exchange] ?? MAX_CANDLES_ELSEWHERE),
      ]),
    ),
  };
}

/** Real ms of polling if no request fails; 0 without `--warm-up`. */
export function warmUpMs({ config, instruments }: Pick<Plan, 'config' | 'instruments'>): number {
  return config.warmUp ? instruments.length * broker.candles.apartMs : 0;
}

export interface WarmUpOptions {
  readonly plan: Plan;
  readonly source: Source;
  /** From `warmUpRoom`; filled here. */
  readonly room: WarmUpCandles;
  readonly network: NetworkAudit;
  readonly say: (sentence: string) => void;
  /** Stops it early. */
  readonly over: Promise<void>;
}

export interface WarmUp {
  /** The feed reuses it; undefined if the log-in failed. */
  readonly session: BrokerSession | undefined;
  readonly notes: readonly string[];
}

/** First and last minute to poll (starts, epoch ms); undefined if none is due. */
export function windowOf(
  plan: Pick<Plan, 'sessionOf' | 'previousOpenMs'>,
  instrument: Instrument,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } | undefined {
  const { openMs } = plan.sessionOf(instrument);
  const settledMs = Math.floor((nowMs - SETTLE_MS) / MINUTE_MS) * MINUTE_MS;
  const today = (settledMs - openMs) / MINUTE_MS;
  const fromMs = today >= ENOUGH_TODAY ? openMs : (plan.previousOpenMs(instrument) ?? openMs);
  const toMs = settledMs - MINUTE_MS;
  return toMs >= fromMs ? { fromMs, toMs } : undefined;
}

/** By the broker's clock: it refuses requests for its own future. */
function nowOf({ clock }: Source, session: BrokerSession, told: boolean): number {
  return clock.marketMs() - (told ? 0 : Math.max(0, session.clockAheadMs ?? 0));
}

/**
 * Logs in and polls. Throws EngineError LOGIN if the log-in is refused (for the rate: twice), or if the broker cannot
 * be reached and the run does not wait for the opening. Missing candles are a note: momentum then waits for twenty of
 * the run's own.
 */
export async function warmUp(options: WarmUpOptions): Promise<WarmUp> {
  const { plan, source, network, say, over } = options;
  const { clock, endpoint, credentials } = source;
  const abort = new AbortController();
  void over.then(() => abort.abort());
  let session: BrokerSession;
  try {
    session = await logInPatiently(broker.access, { endpoint, credentials }, clock, abort.signal, say);
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

/** Returns sentences; the first is the summary. */
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
      fillCandles(room.rows[nameOf(instrument)], rows);
      candles += rows.length;
      lastMs = Math.max(lastMs, rows.at(-1)?.timestampMs ?? 0);
      if (rows.length === 0) without.push(nameOf(instrument));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      notes.push(`Warm-up: ${error.message}`);
      without.push(nameOf(instrument));
      // A refusal may concern one symbol; an unreachable broker or the run's end concerns all.
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
    ([name, rows]) => `Warm-up: ${rows} of the broker's rows of ${name} could not be read and are left out.`,
  );
  return [sum, ...notes, ...left, ...unread];
}
