/** A feed's engine in its thread: all that a consumer's computing must not hold up. */
import type { MessagePort } from 'node:worker_threads';
import { sharedShards } from '../candles/shared-shards.js';
import { SystemClock } from '../clock.js';
import { EngineError } from '../errors.js';
import { broker } from '../run/broker.js';
import { FeedRun } from '../run/feed-run.js';
import { prepareSimulator, remoteSource, type PreparedSource } from '../run/source.js';
import type { Plan } from '../run/plan.js';
import type { EngineFailure, EngineTask, FromEngine } from './feed-messages.js';
import { planFeed } from './options.js';

/** Runs a feed until its end, or until a message says stop. A fault of this program is thrown. */
export async function runEngine({ settings }: EngineTask, port: MessagePort): Promise<void> {
  const say = (message: FromEngine): void => port.postMessage(message);
  let stop = (): void => undefined;
  let stopped = false;
  port.on('message', () => {
    stopped = true;
    stop();
  });
  let failure: EngineFailure | undefined;
  try {
    const plan = await planFeed(settings, new SystemClock().wallMs());
    const prepared = await sourceOf(plan, settings.broker);
    const run = new FeedRun(plan, {
      onMemory: (engine, notices) =>
        say({
          kind: 'memory',
          shards: sharedShards(engine),
          notices: notices.buffer,
          timeframes: plan.config.timeframes,
        }),
      onOpen: () => say({ kind: 'open' }),
    });
    stop = () => run.stop();
    if (stopped) run.stop();
    await run.run(prepared);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // Stopped before it was open: that is the end that was asked for.
    if (!stopped) failure = { code: error.code, message: error.message, retryable: error.retryable };
  }
  say({ kind: 'over', failure });
  port.close();
}

function sourceOf(plan: Plan, choice: EngineTask['settings']['broker']): Promise<PreparedSource> {
  if (choice.kind === 'simulated') return prepareSimulator(plan);
  const { access } = broker;
  const given: Readonly<Record<string, string>> = { ...choice.credentials };
  const named = Object.fromEntries(
    Object.entries(access.variables).map(([name, variable]) => [variable, given[name]]),
  );
  return Promise.resolve(remoteSource(plan, access.readCredentials(named)));
}
