/**
 * Polls candles over REST, two requests a second: the broker allows three and refuses more with 403 (docs/protocol.md
 * 1; docs/traps.md E13).
 */
import { pause } from '../../clock.js';
import { EngineError } from '../../errors.js';
import { certificateFault } from '../../text/certificate-fault.js';
import type { CandlePoller, CandlePollerOptions, PolledInstrument } from '../broker.js';
import { CandlesRefused } from '../refusals.js';
import type { SmartApiSession } from './login.js';
import { post, restHeaders } from './post.js';
import type { CandleRow } from '../../candles/candle.js';
import { istStamp, MINUTE_MS } from '../../market/session.js';
import { readAnswer, type CandleAnswer } from './candle-answer.js';
import { candleCall, INTERVALS, type CandleCall } from './candle-intervals.js';
import { nameOf } from '../../market/instrument.js';

export const CANDLES_PATH = '/rest/secure/angelbroking/historical/v1/getCandleData';

/** Real ms from one request's beginning to the next. */
export const APART_MS = 500;
/** Real ms for one answer. */
const ANSWER_WITHIN_MS = 20_000;
/** Characters: a week of 375 minutes has some 200,000. */
const MAX_ANSWER = 4_000_000;
/** Real ms before each further try: a rate refusal lasts up to a minute. */
const WAITS = {
  limited: [2_000, 5_000, 15_000, 60_000],
  early: Array.from({ length: 15 }, () => 5_000),
  down: [1_000, 2_000, 4_000, 8_000],
} as const;

export interface SmartApiPollerOptions extends CandlePollerOptions {
  readonly session: SmartApiSession;
  /** Other waits, for tests. */
  readonly waits?: Readonly<Record<keyof typeof WAITS, readonly number[]>>;
}

/** `YYYY-MM-DD HH:mm`, Indian time. */
const requestTime = (ms: number): string => istStamp(ms).slice(0, 16).replace('T', ' ');

export class SmartApiCandlePoller implements CandlePoller {
  readonly #options: SmartApiPollerOptions;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Refused ones too. */
  requests = 0;
  /** Unreadable rows of the last answer, left out; by symbol. */
  readonly unreadable = new Map<string, number>();

  constructor(options: SmartApiPollerOptions) {
    this.#options = options;
  }

  /** As of CandlePoller. */
  async candles(instrument: PolledInstrument, fromMs: number, toMs: number): Promise<CandleRow[]> {
    const rows: CandleRow[] = [];
    const { chunkMs } = INTERVALS[this.#options.timeframe?.name ?? '1m'];
    for (let at = fromMs; at <= toMs; at += chunkMs)
      rows.push(...(await this.#chunk(instrument, at, Math.min(toMs, at + chunkMs - MINUTE_MS))));
    return rows;
  }

  async #chunk(instrument: PolledInstrument, fromMs: number, toMs: number): Promise<readonly CandleRow[]> {
    const name = nameOf(instrument);
    const call = candleCall(this.#options.timeframe, instrument, fromMs, toMs);
    const tries = { limited: 0, early: 0, down: 0 };
    const waits = this.#options.waits ?? WAITS;
    for (;;) {
      const answer = await this.#ask(instrument, { ...call, fromMs, toMs });
      if (answer.kind === 'rows') {
        if (answer.left > 0) this.unreadable.set(name, answer.left);
        return answer.rows;
      }
      if (answer.kind === 'refused')
        throw new CandlesRefused(`The broker refuses the candles of ${name}: ${answer.why}.`);
      const waitMs = waits[answer.kind][tries[answer.kind]++];
      if (waitMs === undefined)
        throw new EngineError('CANDLES', this.#gaveUp(answer, name, call), { retryable: true });
      if (waitMs >= 5_000)
        this.#options.say?.(`${this.#trouble(answer, name)}: trying again in ${waitMs / 1000} s.`);
      await this.#wait(waitMs);
    }
  }

  #trouble(answer: Exclude<CandleAnswer, { kind: 'rows' | 'refused' }>, name: string): string {
    if (answer.kind === 'limited') return 'The broker refuses candles for their rate';
    if (answer.kind === 'early')
      return `The last ${(this.#options.timeframe?.name ?? '1m') === '1m' ? 'minute' : 'candle'} of ${name} is not over for the broker`;
    return `The candles of ${name} could not be had (${answer.why})`;
  }

  #gaveUp(
    answer: Exclude<CandleAnswer, { kind: 'rows' | 'refused' }>,
    name: string,
    { askToMs }: CandleCall,
  ): string {
    const { host } = new URL(this.#options.endpoint.loginUrl);
    if (answer.kind === 'limited')
      return `${host} refuses candles for their rate however long one waits: another program may poll with the same client code.`;
    if (answer.kind === 'early')
      return `For ${host} it is not ${istStamp(askToMs)} yet: is it the server of these candles, and is this machine's clock right?`;
    return `${host} did not give the candles of ${name} (${answer.why}), several times.`;
  }

  async #ask(
    { symbol, exchange, token }: PolledInstrument,
    call: CandleCall & { readonly fromMs: number; readonly toMs: number },
  ): Promise<CandleAnswer> {
    const { endpoint, session, clock, signal } = this.#options;
    await this.#wait(this.#lastMs + APART_MS - clock.monoMs());
    this.#lastMs = clock.monoMs();
    this.requests++;
    const abort = new AbortController();
    const limit = clock.after(ANSWER_WITHIN_MS, () => abort.abort());
    const url = new URL(CANDLES_PATH, endpoint.loginUrl);
    try {
      const { status, text } = await post({
        url: url.href,
        ca: endpoint.ca,
        signal: AbortSignal.any([abort.signal, signal]),
        headers: { ...restHeaders(session.apiKey), Authorization: `Bearer ${session.jwt}` },
        body: JSON.stringify({
          exchange,
          symboltoken: token,
          interval: call.interval,
          fromdate: requestTime(call.askFromMs),
          todate: requestTime(call.askToMs),
        }),
        longest: MAX_ANSWER,
      });
      return readAnswer(status, text, { symbol, exchange, ...call }, session.secrets);
    } catch (error) {
      this.#checkSignal();
      if (abort.signal.aborted) return { kind: 'down', why: `no answer within ${ANSWER_WITHIN_MS / 1000} s` };
      const { code } = error as { code?: unknown };
      const fault = typeof code === 'string' ? certificateFault(code) : undefined;
      if (fault !== undefined)
        throw new EngineError(
          'CANDLES',
          `The candles of ${url.host} are not asked for: ${fault}. Nothing was sent.`,
          { cause: error },
        );
      return { kind: 'down', why: typeof code === 'string' ? code : 'no connection' };
    } finally {
      limit.cancel();
    }
  }

  #checkSignal(): void {
    if (this.#options.signal.aborted)
      throw new EngineError('CANDLES', 'The polling of candles was interrupted; nothing of it is kept.');
  }

  /** Resolves after `realMs`; at once for 0 or less. Throws when the signal comes. */
  async #wait(realMs: number): Promise<void> {
    const { clock, signal } = this.#options;
    this.#checkSignal();
    if (realMs <= 0) return;
    await pause(realMs, clock, signal);
    this.#checkSignal();
  }
}
