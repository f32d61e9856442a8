/** What `openFeed` takes, and the plan that it makes of it. The names are the command line's. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { StageConfig, FeedChoice } from '../cli/config.js';
import { DEFAULT_AT, time } from '../cli/values.js';
import { EngineError } from '../errors.js';
import { tradingCalendar } from '../market/trading-calendar.js';
import { MODE } from '../market/packet.js';
import { TIMEFRAMES } from '../market/timeframe.js';
import { broker } from '../run/broker.js';
import { planRun, type Plan } from '../run/plan.js';
import { withTape } from '../run/tape.js';
import { chooseInstruments } from '../run/instruments.js';
import { instrumentName } from '../run/names.js';
import { habitsWith, parseHabit } from '../sim/habits/habit.js';
import { parseFault } from '../sim/faults/fault.js';
import type { BrokerChoice, FeedSettings, MarketClock } from './feed-options.js';

const MAX_SHARDS = 8;
const MAX_GRACE_S = 30;
const DEFAULT_GRACE_S = 3;

function refusal(sentence: string): EngineError {
  return new EngineError('USAGE', sentence);
}

function feedOf(choice: BrokerChoice): FeedChoice {
  if (choice.kind === 'angel') {
    const { url, ca, marketClock } = choice;
    if (url === undefined) return { kind: 'live' };
    return { kind: 'url', url, ca, marketClock: marketClock && clockOf(marketClock) };
  }
  const { seed = 1, speed = 'max', at = DEFAULT_AT, habits = [], faults = [], tape } = choice;
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw refusal(`seed takes a whole number from 0 to ${0xffffffff}, not ${seed}.`);
  if (speed !== 'max' && !(speed > 0 && speed <= 1000))
    throw refusal(`speed takes 'max' or a number above 0, up to 1000, not ${String(speed)}.`);
  return {
    kind: 'sim',
    seed,
    speed: speed,
    atMs: time.read(at, 'at'),
    habits: habitsWith(habits.map(parseHabit)),
    faults: faults.map(parseFault),
    tape: tape && { symbol: instrumentName(tape.instrument), path: resolve(tape.path) },
  };
}

function clockOf({ at, speed, atMonoMs }: MarketClock): {
  readonly originMs: number;
  readonly speed: number;
  readonly anchorMonoMs?: number;
} {
  const originMs = typeof at === 'number' ? at : time.read(at, 'at');
  return { originMs, speed, ...(atMonoMs === undefined ? {} : { anchorMonoMs: atMonoMs }) };
}

function checked({
  instruments,
  mode = 'snapquote',
  timeframes = [],
  shards,
  graceS,
  minutes,
}: FeedSettings): void {
  if (
    !Array.isArray(instruments) ||
    instruments.length === 0 ||
    !instruments.every((one) => typeof one === 'string')
  )
    throw refusal("instruments takes a list of names, e.g. ['NSE:RELIANCE'].");
  if (!Object.hasOwn(MODE, mode))
    throw refusal(`mode takes ${Object.keys(MODE).join(', ')}, not \`${String(mode)}\`.`);
  if (!timeframes.every((name) => TIMEFRAMES.includes(name)))
    throw refusal(`timeframes takes a list of ${TIMEFRAMES.join(', ')}, not ${String(timeframes)}.`);
  if (shards !== undefined && !(Number.isInteger(shards) && shards >= 1 && shards <= MAX_SHARDS))
    throw refusal(`shards takes a whole number from 1 to ${MAX_SHARDS}, not ${shards}.`);
  if (graceS !== undefined && !(graceS >= 0 && graceS <= MAX_GRACE_S))
    throw refusal(`graceS takes 0 to ${MAX_GRACE_S} seconds, not ${graceS}.`);
  if (minutes !== undefined && !(Number.isInteger(minutes) && minutes >= 1))
    throw refusal(`minutes takes a whole number from 1 up, not ${minutes}.`);
}

function configOf(settings: FeedSettings, feed: FeedChoice): StageConfig {
  const { instruments, mode = 'snapquote', timeframes = ['1m'], minutes, instrumentFile } = settings;
  const { shards = Math.min(MAX_SHARDS, Math.max(1, availableParallelism() - 1)) } = settings;
  return {
    stage: 2,
    shadow: minutes === undefined,
    durationMin: minutes,
    symbols: instruments,
    spot: undefined,
    subset: undefined,
    instruments: instrumentFile,
    mode: mode,
    timeframes: TIMEFRAMES.filter((name) => name === '1m' || timeframes.includes(name)),
    shards,
    graceMs: 1000 * (settings.graceS ?? DEFAULT_GRACE_S),
    waitOpen: settings.waitOpen ?? false,
    feed,
    warmUp: false,
    backFill: false,
    resume: false,
    resumeAfterS: undefined,
    history: undefined,
    out: '.',
    journal: undefined,
    keepGb: Infinity,
    keepDays: undefined,
    report: undefined,
    dashboard: undefined,
    metrics: undefined,
    json: false,
    publish: undefined,
    publishCa: undefined,
    stream: false,
    voice: 'quiet',
  };
}

/**
 * Plans a feed. `nowMs`: wall clock, epoch ms. Throws EngineError USAGE, CONFIG, INSTRUMENT or MARKET_SHUT with one
 * sentence.
 */
export async function planFeed(settings: FeedSettings, nowMs: number): Promise<Plan> {
  checked(settings);
  const config = await withTape(configOf(settings, feedOf(settings.broker)));
  const calendar = tradingCalendar();
  const { instruments, warnings, notes } = await chooseInstruments(config, calendar, nowMs);
  return planRun({
    config,
    calendar,
    nowMs,
    processId: process.pid,
    nonce: 'library',
    instruments,
    instrumentWarnings: warnings,
    instrumentNotes: notes,
    maxInstruments: broker.feed.quota.subscriptionsPerSocket,
  });
}
