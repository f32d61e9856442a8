/** Trouble as it happens: each kind does something to the broker, to time, or to our own machine. */
import type { RawEnd } from '../../src/feed/connection-machine.js';
import type { Random } from '../../src/random.js';
import type { Agenda } from './agenda.js';
import type { Broker } from './broker.js';
import type { Exchange } from './exchange.js';
import type { Feed } from './feed.js';
import { between, pick, type Nature, type Trouble } from './profile.js';
import type { Workers } from './workers.js';
import type { Writer } from './writer.js';

export interface Parts {
  readonly agenda: Agenda;
  readonly nature: Nature;
  readonly random: Random;
  readonly exchange: Exchange;
  readonly broker: Broker;
  readonly feed: Feed;
  readonly workers: Workers;
  readonly writer: Writer;
  /** Told what happens. */
  readonly say: (what: string) => void;
  /** Our thread is away. */
  readonly onStall: (realMs: number) => void;
}

const refusal = (cause: RawEnd['cause'], code: number | undefined, reason = ''): RawEnd => ({
  cause,
  code,
  reason,
});

/** Schedules the nature's trouble; the first comes when the run is on its way. */
export function schedule(parts: Parts): void {
  const { agenda, nature, random, exchange } = parts;
  if (nature.troubles.length === 0) return;
  const turn = (dueMs: number): void => {
    const trouble = pick(random, nature.troubles);
    parts.say(trouble);
    happen(trouble, parts, dueMs);
    agenda.at(next(dueMs + 1 + random() * 2 * nature.meanTroubleMs), turn);
  };
  // Often around a full minute of the exchange's, where it matters to which one something belongs.
  const next = (dueMs: number): number => {
    if (random() < 0.6) return dueMs;
    const minute = Math.ceil((exchange.trueAt(dueMs) + exchange.aheadMs) / 60_000) * 60_000;
    return Math.max(dueMs, minute - exchange.aheadMs - nature.startMs + (random() - 0.5) * 3000);
  };
  // Some begin before anything is open.
  agenda.at(random() * (random() < 0.1 ? 100 : 2 * nature.meanTroubleMs), turn);
}

function happen(trouble: Trouble, parts: Parts, dueMs: number): void {
  const { agenda, nature, random, exchange, broker, feed, workers, writer } = parts;
  const instrument = between(random, 0, nature.instruments.length - 1);
  const state = exchange.states[instrument];
  const some = (most: number): number => between(random, 1, most);
  const drop = (): void => broker.end(refusal('dropped', 1006), dueMs);
  const stray = (aheadMs: number): void =>
    broker.stray(
      exchange.frame(instrument, { exchangeMs: exchange.stampAt(dueMs) + Math.ceil(aheadMs / 1000) * 1000 }),
      dueMs,
    );
  switch (trouble) {
    case 'close':
      return broker.end(refusal('closed', pick(random, [1000, 1001, 1008, 1011, 1012, 1013]), 'bye'), dueMs);
    case 'drop':
      return broker.end(pick(random, [refusal('dropped', 1006), refusal('protocol', 1002)]), dueMs);
    case 'halfOpen':
      if (broker.line !== undefined) broker.line.halfOpen = true;
      return;
    case 'mute':
    case 'shortMute':
      if (broker.line !== undefined)
        broker.line.muteUntilMs = trouble === 'mute' ? Infinity : dueMs + between(random, 17_000, 28_000);
      return;
    case 'pongsLost':
      if (broker.line !== undefined) broker.line.pongsLost = true;
      return;
    case 'refuse401':
      // Two in a row end the run, so that is rare.
      broker.answers.push(
        refusal('unauthorized', 401),
        ...(random() < 0.05 ? [refusal('unauthorized', 401)] : []),
      );
      return drop();
    case 'refuse403':
      broker.answers.push(refusal('forbidden', 403));
      return drop();
    case 'refuse429':
      broker.answers.push(refusal('rate-limited', 429));
      return drop();
    case 'refuse500':
      for (let k = some(4); k > 0; k--)
        broker.answers.push(refusal('server-error', pick(random, [500, 502, 503])));
      return drop();
    case 'unreachable':
      for (let k = some(4); k > 0; k--) broker.answers.push(refusal('network', undefined, 'ECONNREFUSED'));
      return drop();
    case 'noAnswer':
      broker.answers.push('noAnswer');
      return drop();
    case 'loginFails':
      for (let k = some(3); k > 0; k--)
        feed.loginFaults.push({ retryable: random() < 0.95, limited: random() < 0.3 });
      broker.answers.push(refusal('unauthorized', 401));
      return drop();
    case 'tokensExpire':
      return feed.expireTokens();
    case 'duplicate': {
      const bytes = exchange.frame(instrument);
      for (let k = some(3); k > 0; k--) broker.stray(bytes, dueMs);
      return;
    }
    case 'reorder':
      for (let k = some(4); k > 0; k--) broker.delays.push(between(random, 100, 3000));
      return;
    case 'late':
      for (let k = some(3); k > 0; k--) broker.delays.push(between(random, 5000, 120_000));
      return;
    case 'oldCached':
      broker.oldCached = true;
      return drop();
    case 'noCached':
      broker.noCached = true;
      return drop();
    case 'truncated':
      return broker.stray(exchange.frame(instrument).subarray(0, between(random, 0, 50)), dueMs);
    case 'oversize':
      return broker.stray(
        Buffer.concat([exchange.frame(instrument), exchange.frame(instrument), Buffer.alloc(some(300))]),
        dueMs,
      );
    case 'unknown': {
      const bytes = exchange.frame(instrument);
      bytes[pick(random, [0, 1, 2, 3])] = between(random, 0, 255);
      return broker.stray(bytes, dueMs);
    }
    case 'garbage': {
      // Of a length and mode that are known, so that all of it is looked at; or of any.
      const bytes = Uint8Array.from({ length: pick(random, [51, 123, 379, between(random, 0, 500)]) }, () =>
        between(random, 0, 255),
      );
      const known = random() < 0.7;
      if (known && bytes.length > 40)
        bytes.set(exchange.frame(instrument).subarray(0, random() < 0.5 ? 27 : 35));
      return broker.stray(bytes, dueMs);
    }
    case 'zeroPrice':
      return broker.stray(exchange.frame(instrument, { price: pick(random, [0, -1, 2 ** 53]) }), dueMs);
    case 'zeroTime':
      return broker.stray(
        exchange.frame(
          instrument,
          pick(random, [
            { exchangeMs: 0 },
            { exchangeMs: -5000 },
            { lastTradeMs: -1000 },
            { exchangeMs: 253_402_300_799_000 },
          ]),
        ),
        dueMs,
      );
    case 'volumeFalls':
      state.volume = Math.max(0, state.volume - some(2000));
      return;
    case 'sequenceAnew':
      exchange.restartSequence();
      return drop();
    case 'strayVolume': {
      const volume = pick(random, [0, state.volume * 1000, state.volume + some(20)]);
      return broker.stray(exchange.frame(instrument, { sequence: state.sequence + 1, volume }), dueMs);
    }
    case 'straySequence':
      return broker.stray(
        exchange.frame(instrument, { sequence: pick(random, [2 ** 52, state.sequence + 5_000_000, 1]) }),
        dueMs,
      );
    case 'counterRestarts':
      return exchange.restartSequence();
    case 'muteSymbol':
      broker.muteSymbols.set(instrument, dueMs + between(random, 5000, 90_000));
      return;
    case 'text':
      return broker.text(
        pick(random, [
          '{"correlationID":"x","errorCode":"E1002","errorMessage":"no"}',
          'hello',
          '{"errorCode":',
          'pong',
          '',
        ]),
        dueMs,
      );
    case 'strayFar':
      return stray(between(random, 200_000, 1_800_000));
    case 'strayNear':
      return stray(between(random, 8000, 55_000));
    case 'strayAgreed': {
      const aheadMs = between(random, 120_000, 600_000);
      for (let k = between(random, 2, 4); k > 0; k--) stray(aheadMs + 1000 * k);
      return;
    }
    case 'exchangeStep':
      exchange.aheadMs += between(random, -180_000, 180_000);
      return;
    case 'wallJump':
      return agenda.shiftWall(between(random, -7_200_000, 7_200_000));
    case 'stall':
      return parts.onStall(between(random, 20, 8000));
    case 'flood': {
      // As when a server lets go of what it held back: reads full of frames. Shards that sleep meanwhile leave their
      // rings full.
      if (random() < 0.7) workers.sleepAll(between(random, 100, 9000));
      const bytes = exchange.frame(instrument);
      for (let k = between(random, 200, 5000); k > 0; k--) broker.stray(bytes, dueMs);
      return;
    }
    case 'shardSleeps':
      return workers.sleep(between(random, 10, 15_000));
    case 'shardDies':
      return workers.kill(false);
    case 'shardDiesIdle':
      return workers.kill(true);
    case 'writerDies':
      return writer.die();
    case 'writerRefuses':
      return writer.refuse(between(random, 500, 150_000));
  }
}
