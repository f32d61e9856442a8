/** The packets of a run's journal as files. */
import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { ValuesOf } from '../../cli/options/table.js';
import { EngineError, EXIT } from '../../errors.js';
import { istStamp } from '../../market/session.js';
import { broker } from '../../run/broker.js';
import { checkFolder, displayPath } from '../../run/output-folders.js';
import { count } from '../../text/count.js';
import { exportTicks, type ExportOutcome } from '../../ticks/export.js';
import { runFolder } from '../run-folder.js';

/** Sentences on how far the journal goes, and on what is in no file. */
function notesOf({ survey }: ExportOutcome): string[] {
  const { summary, counts, leftOut } = survey;
  const { extent, ended, lacks, over, resumes } = summary;
  const silent = counts.filter((packets) => packets === 0).length;
  const notes: string[] = [];
  if (extent.broken === 'torn')
    notes.push(
      `The last write was cut off, or is going on: ${count(extent.tornBytes, 'byte')} after the last whole block were left out.`,
    );
  if (ended === undefined && !over) notes.push('The run did not come to its end, or continues.');
  for (const { after } of lacks)
    notes.push(
      `The journal has nothing after ${istStamp(after.marketMs)}: the disk refused it, or it came to its limit.`,
    );
  if (resumes > 0) notes.push(`The run was resumed ${count(resumes, 'time')}.`);
  if (silent > 0) notes.push(`${count(silent, 'symbol')} without a packet.`);
  const other = leftOut.refused + leftOut.foreign + leftOut.otherMode;
  if (other > 0)
    notes.push(
      `${count(other, 'message')} in no file: ${leftOut.refused} no packet, ${leftOut.foreign} of other instruments, ${leftOut.otherMode} of another mode.`,
    );
  return notes;
}

/** Sentences on damage. */
function problemsOf({ survey }: ExportOutcome): string[] {
  const { broken, segment, offset, tornBytes } = survey.summary.extent;
  return broken === 'damaged'
    ? [
        `The journal is damaged in segment ${segment} at byte ${offset}: ${count(tornBytes, 'byte')} there, and all that follows, could not be used.`,
      ]
    : [];
}

function outcomeText(outcome: ExportOutcome): string {
  const { survey, out, files } = outcome;
  const { meta, frames, first, last } = survey.summary;
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return [
    `Run ${meta.runId}: ${count(meta.instruments.length, 'symbol')}, mode ${meta.mode}, feed ${meta.feed}, market time ${istStamp(first.marketMs)} to ${istStamp(last.marketMs)}`,
    `${count(rows, 'packet')} of ${count(frames, 'message')} in ${count(files.length, 'file')}, ${(bytes / 1e6).toFixed(1)} MB, in ${displayPath(out)}`,
    ...notesOf(outcome).map((note) => `Note: ${note}`),
    ...problemsOf(outcome).map((problem) => `Problem: ${problem}`),
  ].join('\n');
}

function outcomeJson(outcome: ExportOutcome): string {
  const { survey, out, files } = outcome;
  const { summary, leftOut } = survey;
  const { meta, frames, extent } = summary;
  return JSON.stringify(
    {
      runId: meta.runId,
      out,
      messages: frames,
      rows: files.reduce((sum, file) => sum + file.rows, 0),
      leftOut,
      broken: extent.broken ?? null,
      files,
      notes: notesOf(outcome),
      problems: problemsOf(outcome),
    },
    null,
    2,
  );
}

/** Throws EngineError OUTPUT for a folder in the journal's. */
function outFolder(journal: string, out: string): string {
  const inside = relative(journal, out);
  if (inside === '' || !(inside.startsWith('..') || resolve(inside) === inside))
    throw new EngineError('OUTPUT', `--out ${out} is in the journal's own folder: name another.`);
  checkFolder(out);
  return out;
}

/** Returns the exit code. Throws EngineError JOURNAL, OUTPUT or USAGE. */
export async function exportCommand(options: ValuesOf<'ticks'>): Promise<number> {
  const { source, out, oneFile, csv, jsonl, raw, json } = options;
  if (statSync(source, { throwIfNoEntry: false })?.isFile() === true)
    throw new EngineError(
      'USAGE',
      `${source} is a file, and a journal is a folder: to make a journal of a recording, say --into DIR.`,
    );
  const folder = resolve(runFolder(source));
  const outcome = await exportTicks({
    folder,
    out: (runId) => outFolder(folder, resolve(out ?? join('data/test/ticks', runId))),
    oneFile,
    format: csv ? 'csv' : jsonl ? 'jsonl' : 'parquet',
    unit: raw ? 'wire' : 'rupees',
    codec: broker.codec,
  });
  process.stdout.write(`${json ? outcomeJson(outcome) : outcomeText(outcome)}\n`);
  return problemsOf(outcome).length === 0 ? EXIT.pass : EXIT.failed;
}
