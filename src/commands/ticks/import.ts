/** A recording as a journal. */
import { relative, resolve } from 'node:path';
import type { ValuesOf } from '../../cli/options/table.js';
import { SystemClock } from '../../clock.js';
import { EXIT } from '../../errors.js';
import { SEGMENTS, type Listing } from '../../market/instrument.js';
import { istDate } from '../../market/session.js';
import { tradingCalendar } from '../../market/trading-calendar.js';
import { programVersion } from '../../paths.js';
import { broker } from '../../run/broker.js';
import { checkFolder, displayPath } from '../../run/output-folders.js';
import { niftyFifty, readInstrumentMaster } from '../../run/universe.js';
import { count } from '../../text/count.js';
import { importRecording, type ImportOutcome } from '../../ticks/import.js';
import { badText } from '../../ticks/recording.js';
import { missingNotes } from '../missing-notes.js';

/** Of the broker's file, the user's or the newest that was fetched, and the shipped list, which counts. */
async function listingsOf(named: string | undefined): Promise<Listing[]> {
  const today = istDate(new SystemClock().wallMs());
  const master = await readInstrumentMaster(named, true, today, new Set(SEGMENTS));
  const others = master?.scrips.others.values() ?? [];
  return [...others, ...(master?.scrips.listings.values() ?? []), ...niftyFifty()];
}

function notesOf({ recording, notes, meta }: ImportOutcome): string[] {
  const { bad, unknown } = recording;
  const lines = bad.reduce((sum, one) => sum + one.count, 0);
  return [
    ...(lines > 0 ? [`${count(lines, 'line')} left out: ${badText(bad)}.`] : []),
    ...(unknown.length > 0 ? [`Columns that are not used: ${unknown.join(', ')}.`] : []),
    ...notes,
    ...missingNotes(meta),
  ];
}

function outcomeText(outcome: ImportOutcome, into: string): string {
  const { meta, recording, choice } = outcome;
  return [
    `${meta.recording!.file}: ${count(choice.order.length, 'packet')} of ${choice.date}, ${count(meta.instruments.length, 'symbol')}, mode ${meta.mode}, ${recording.format}`,
    `Journal of run ${meta.runId} in ${displayPath(into)}`,
    ...notesOf(outcome).map((note) => `Note: ${note}`),
    `Next: tickshard replay ${relative('', into).startsWith('..') ? into : relative('', into)}`,
  ].join('\n');
}

function outcomeJson(outcome: ImportOutcome, into: string): string {
  const { meta, recording, choice } = outcome;
  return JSON.stringify(
    {
      runId: meta.runId,
      journal: into,
      feed: meta.feed,
      date: choice.date,
      mode: meta.mode,
      volumeKind: meta.volumeKind,
      packets: choice.order.length,
      symbols: meta.instruments.map(({ exchange, symbol, token }) => ({ exchange, symbol, token })),
      received: choice.received,
      missing: choice.missing,
      left: recording.bad.map(({ reason, count: lines, first }) => ({ reason, lines, first })),
      notes: notesOf(outcome),
    },
    null,
    2,
  );
}

/** Returns the exit code. Throws EngineError USAGE, INSTRUMENT, MARKET_SHUT or OUTPUT. */
export async function importCommand(options: ValuesOf<'ticks'>, folder: string): Promise<number> {
  const { source, date, mode, symbols, instruments, rupees, json } = options;
  const into = resolve(folder);
  checkFolder(into);
  const outcome = await importRecording({
    ...{ path: source, into, date, mode, rupees },
    codec: broker.codec,
    named: symbols ?? [],
    listings: await listingsOf(instruments),
    calendar: tradingCalendar(),
    version: programVersion(),
  });
  process.stdout.write(`${json ? outcomeJson(outcome, into) : outcomeText(outcome, into)}\n`);
  return EXIT.pass;
}
