/** Wires a stage run's feed client to the line and its watchers. */
import { LIMITS } from '../limits.js';
import { FeedClient, type FeedClientOptions } from '../feed/client.js';
import { sentenceOf, type EngineError } from '../errors.js';
import type { BrokerSession } from '../broker/broker.js';
import { openLog, type Log } from '../log.js';
import { nameOf, priceScale } from '../market/instrument.js';
import { MODE } from '../market/packet.js';
import { inContinuous, istStamp } from '../market/session.js';
import type { ConnectionRecord } from '../monitor/connection-record.js';
import type { NetworkAudit } from '../monitor/network-audit.js';
import { seededRandom } from '../random.js';
import type { Engine } from '../ingest/engine.js';
import type { SampleTick } from '../ingest/intake.js';
import type { Pipeline } from '../ingest/pipeline.js';
import { broker } from './broker.js';
import type { Plan } from './plan.js';
import type { StallMeter } from '../stalls.js';
import type { Source } from './source.js';

export interface FeedWiring {
  readonly plan: Plan;
  readonly source: Source;
  /** The log-in of the warm-up. */
  readonly session: BrokerSession | undefined;
  readonly engine: Engine;
  readonly line: Pipeline;
  readonly record: ConnectionRecord;
  readonly network: Pick<NetworkAudit, 'enter'>;
  readonly log: Log;
  /** Number of the killed process's last connection; 0 in a new run. */
  readonly connectionsBefore: number;
  readonly stalls: StallMeter;
  readonly onOpen: () => void;
  readonly onFailed: (error: EngineError) => void;
  readonly say: (text: string) => void;
}

/** The client connects when it is started. */
export function wireFeed(wiring: FeedWiring): FeedClient {
  const { plan, source, engine, line, record, network, log, say } = wiring;
  const { clock } = source;
  const mode = MODE[plan.config.mode];
  const unattended = plan.opensMs !== undefined;
  const sessions = plan.instruments.map(plan.sessionOf);
  const options: FeedClientOptions = {
    broker,
    endpoint: source.endpoint,
    credentials: source.credentials,
    subscriptions: plan.instruments.map(({ exchangeType, token }) => ({ exchangeType, token, mode })),
    clock,
    random: seededRandom(plan.seed),
    log,
    inSession: () =>
      sessions.some((session) => inContinuous(session, engine.watermark.timeMs ?? clock.marketMs())),
    firstOpenWithinMs: unattended ? LIMITS.unattendedOpenMs : LIMITS.firstOpenMs,
    unattended,
    stalls: wiring.stalls,
    session: wiring.session,
    connectionsBefore: wiring.connectionsBefore,
    handlers: {
      opened: (connection) => {
        line.opened(connection);
        record.opened();
        network.enter('run');
        wiring.onOpen();
      },
      subscribed: (connection) => line.subscribed(connection),
      binary: (messages, connection) => line.binary(messages, connection),
      text: (text, connection) => line.text(text, connection),
      closed: (end) => {
        line.disconnected(end);
        record.closed(end);
        say(`Feed: ${end.sentence}`);
      },
      waiting: (delayMs) => record.waiting(delayMs),
      retrying: (sentence) => say(`Feed: ${sentence} Trying again.`),
      failed: wiring.onFailed,
    },
  };
  return new FeedClient(options);
}

/** The run's log. One that cannot be written is reported once, and ends nothing. */
export function logOf({ logPath, runId }: Plan, say: (sentence: string) => void): Log {
  return openLog(logPath, runId, (error) =>
    say(`The log ${logPath} cannot be written (${sentenceOf(error)}); the run continues.`),
  );
}

export function logSample(
  log: Log,
  { instrument, priceWire, sequence, exchangeMs, receivedMarketMs }: SampleTick,
): void {
  const scale = priceScale(instrument.exchangeType);
  log.info(
    {
      symbol: nameOf(instrument),
      price: priceWire / scale,
      sequence,
      exchangeTime: istStamp(exchangeMs),
      lagMs: Math.round(receivedMarketMs - exchangeMs),
    },
    'sample tick',
  );
}

export function logStart(log: Log, { config, identity, instruments }: Plan): void {
  const { stage, shadow, mode, shards } = config;
  log.info({ stage, shadow, mode, feed: identity.feed, symbols: instruments.length, shards }, 'run starts');
}
