/**
 * Checks this machine before a run connects: the instrument file is readable, every folder writable, and existing
 * candle files are of the same origin. Reads the disk; writes nothing and connects to nothing.
 */
import { nonce } from '../random.js';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { broker } from './broker.js';
import type { StageConfig } from '../cli/config.js';
import { EngineError } from '../errors.js';
import type { Instrument } from '../market/instrument.js';
import { istDate } from '../market/session.js';
import type { TradingCalendar } from '../market/trading-calendar.js';
import { checkExisting } from '../parquet/existing.js';
import { checkFolder } from './output-folders.js';
import { planRun, type Plan } from './plan.js';
import { chooseInstruments, selects, type Chosen } from './instruments.js';

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * Plans a run and checks the plan against the disk. `nowMs`: wall clock, epoch ms; `killed`: the instruments of the
 * run that is resumed. Throws EngineError with exit code 2: unknown or clashing instruments, a shut market, a folder
 * that is not writable, existing files of another origin.
 */
export async function preflight(
  config: StageConfig,
  calendar: TradingCalendar,
  nowMs: number,
  killed?: readonly Instrument[],
): Promise<Plan> {
  const planned = (chosen: Chosen): Plan =>
    planRun({
      config,
      calendar,
      nowMs,
      resumes: killed !== undefined,
      processId: process.pid,
      nonce: nonce(),
      instruments: chosen.instruments,
      instrumentWarnings: chosen.warnings,
      instrumentNotes: chosen.notes,
      maxInstruments: broker.feed.quota.subscriptionsPerSocket,
    });
  // A selection is fixed when the run starts: a resumed run has what it was then.
  const kept = killed !== undefined && selects(config);
  const first = planned(
    kept
      ? { instruments: killed, warnings: [], notes: [] }
      : await chooseInstruments(config, calendar, nowMs),
  );
  // A run that waits for another day has the contracts of that day.
  const date = istDate(first.startsMs);
  const over = first.instruments.some(({ contract }) => contract !== undefined && contract.expiry < date);
  const plan = over && !kept ? planned(await chooseInstruments(config, calendar, nowMs, date)) : first;
  checkDisk(plan);
  await checkExisting(plan.outDir, plan.instruments, plan.config.timeframes, plan.identity);
  return plan;
}

function checkDisk({ config, folders, outDir }: Plan): void {
  if (config.history !== undefined && !isFolder(config.history)) {
    throw new EngineError(
      'HISTORY',
      `--history ${config.history} is no folder; name the one with NSE_{SYMBOL}_1m.parquet.`,
    );
  }
  for (const folder of [...folders, join(outDir, 'quality')]) checkFolder(folder);
  if (config.report !== undefined && isFolder(config.report))
    throw new EngineError('OUTPUT', `--report ${config.report} is a folder; name a file.`);
}
