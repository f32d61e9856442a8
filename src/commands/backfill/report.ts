/** A run's report after a back-fill: figures, candles of the page, and the page. Gates and verdict stay the run's. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { candlesOfPage, longerCandles } from '../../dashboard/symbol-view.js';
import { reportPage } from '../../dashboard/page.js';
import { EngineError, sentenceOf } from '../../errors.js';
import type { BackFillFigures } from '../../gates/facts.js';
import { reportText, writeText } from '../../gates/report.js';
import type { Engine } from '../../ingest/engine.js';
import type { JournalSummary } from '../../ingest/journal-source.js';
import { timeframesOf } from '../../journal/meta.js';
import type { Timeframe } from '../../market/timeframe.js';
import { isObject } from '../../text/json.js';

type Report = Record<string, unknown>;

const REPORTS = 'data/test/reports';

export interface BackFillResult {
  readonly figures: BackFillFigures;
  /** Minutes of the journal that are polled: by the run, by earlier back-fills, by this one. */
  readonly polled: number;
  /** Of all polled candles. */
  readonly hash: string;
}

/** Undefined if the file is not there. Throws EngineError REPORT if it is no report of the run. */
function readReport(path: string, runId: string): Report | undefined {
  if (!existsSync(path)) return undefined;
  let report: unknown;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new EngineError('REPORT', `${path} cannot be read (${sentenceOf(error)}).`, { cause: error });
  }
  if (!isObject(report) || report.runId !== runId)
    throw new EngineError('REPORT', `${path} is not the report of run ${runId}: name it with --run-report.`);
  return report;
}

/** Of the run's back-fill and those after it: what was polled adds up, what is missing is as it is now. */
function added(before: unknown, { figures, polled }: BackFillResult): BackFillFigures {
  const asked = isObject(before) && typeof before.requests === 'number' ? before.requests : 0;
  const minutes = polled + figures.minutes - figures.polled;
  return { ...figures, minutes, polled, requests: asked + figures.requests };
}

function updated(
  report: Report,
  engine: Engine,
  timeframes: readonly Timeframe[],
  result: BackFillResult,
): Report {
  const { output, sights } = report;
  const hashes = isObject(output) && isObject(output.hashes) ? output.hashes : {};
  const candles = isObject(sights) && Array.isArray(sights.candles) ? (sights.candles as unknown[]) : [];
  return {
    ...report,
    backFill: added(report.backFill, result),
    output: { ...(output as object), hashes: { ...hashes, polled: result.hash } },
    sights: {
      ...(sights as object),
      candles: engine.places.map((place, k) =>
        candlesOfPage(engine.memories[place.shard], place, candles[k]),
      ),
      longer: longerCandles(engine, timeframes),
    },
  };
}

/**
 * Writes the report of the run again, its page, and the newest report's copy if that is of this run. `named`: its file;
 * undefined: where runs leave it. Returns the file; undefined if the run left no report there. Throws EngineError
 * REPORT or OUTPUT.
 */
export function updateReport(
  { meta }: JournalSummary,
  engine: Engine,
  named: string | undefined,
  result: BackFillResult,
): string | undefined {
  const { runId } = meta;
  const path = resolve(named ?? join(REPORTS, `${runId}.json`));
  const report = readReport(path, runId);
  if (report === undefined) {
    if (named === undefined) return undefined;
    throw new EngineError('REPORT', `${path} does not exist: --run-report names the run's report.`);
  }
  const now = updated(report, engine, timeframesOf(meta), result);
  const text = reportText(now);
  writeText(path, text, 'report');
  if (named !== undefined) return path;
  writeText(path.replace(/\.json$/, '.html'), reportPage(now), 'page');
  const latest = join(dirname(path), 'latest.json');
  if (existsSync(latest) && isOf(latest, runId)) writeText(latest, text, 'report');
  return path;
}

/** True if the newest report is of the run; another one, whatever it holds, stays. */
function isOf(path: string, runId: string): boolean {
  return readFileSync(path, 'utf8').includes(`"runId": "${runId}"`);
}
