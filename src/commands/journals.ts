/** `tickshard journals`: what runs left in the folder of the journals. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defineCommand } from '../cli/command.js';
import type { ValuesOf } from '../cli/options/table.js';
import { EngineError, EXIT, sentenceOf } from '../errors.js';
import { compactSegment } from '../journal/compact.js';
import { runsIn, segmentsOf } from '../journal/folder.js';
import { segmentName } from '../journal/format.js';
import { storedJournal, type StoredJournal } from '../journal/stored.js';
import { istDate } from '../market/session.js';
import { onStop } from '../run/shutdown.js';
import { count } from '../text/count.js';

type JournalsOptions = ValuesOf<'journals'>;

const MB = 1e6;

interface Listed {
  readonly runId: string;
  /** Undefined for a folder with segments that are no journal of a run of its name. */
  readonly journal: StoredJournal | undefined;
}

interface Compacted {
  readonly segments: number;
  readonly rawBytes: number;
  readonly bytes: number;
  /** Why segments stay raw, a sentence each. */
  readonly kept: readonly string[];
  /** The system refused. */
  readonly failed: readonly string[];
}

async function listedIn(folder: string): Promise<Listed[]> {
  const listed: Listed[] = [];
  for (const { folder: run, runId } of runsIn(folder))
    listed.push({ runId, journal: await storedJournal(run, runId) });
  return listed;
}

/** Compacts the raw segments of the runs that are over. */
async function compactAll(listed: readonly Listed[]): Promise<Compacted> {
  let [segments, rawBytes, bytes] = [0, 0, 0];
  const kept: string[] = [];
  const failed: string[] = [];
  for (const { journal } of listed) {
    if (journal === undefined || journal.state === 'running') continue;
    for (const number of segmentsOf(journal.folder)) {
      const path = join(journal.folder, segmentName(number));
      if (!existsSync(path)) continue;
      try {
        const done = await compactSegment(journal.folder, number);
        if (typeof done === 'string') kept.push(`${path} ${done}, so it stays raw.`);
        else [segments, rawBytes, bytes] = [segments + 1, rawBytes + done.rawBytes, bytes + done.bytes];
      } catch (error) {
        failed.push(`${path} stays raw: ${sentenceOf(error)}.`);
      }
    }
  }
  return { segments, rawBytes, bytes, kept, failed };
}

const mb = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;

function rowOf({ runId, journal }: Listed): string[] {
  if (journal === undefined) return [runId, '', '', '', '', '', '', 'no journal of this name'];
  const { meta, state, frames, rawBytes, compactedBytes } = journal;
  return [
    runId,
    istDate(meta.marketDateMs),
    meta.mode,
    String(meta.instruments.length),
    frames === null ? '?' : String(frames),
    mb(rawBytes),
    mb(compactedBytes),
    state,
  ];
}

const HEAD = ['run', 'day', 'mode', 'instruments', 'packets', 'raw', 'compacted', 'state'];
/** Numbers are to the right. */
const RIGHT = new Set(['instruments', 'packets', 'raw', 'compacted']);

function tableOf(listed: readonly Listed[]): string[] {
  const rows = [HEAD, ...listed.map(rowOf)];
  const widths = HEAD.map((_, k) => Math.max(...rows.map((row) => row[k].length)));
  return rows.map((row) =>
    row
      .map((cell, k) => (RIGHT.has(HEAD[k]) ? cell.padStart(widths[k]) : cell.padEnd(widths[k])))
      .join('  ')
      .trimEnd(),
  );
}

function asText(folder: string, listed: readonly Listed[], compacted: Compacted | undefined): string {
  const journals = listed.flatMap(({ journal }) => journal ?? []);
  const bytes = journals.reduce((sum, one) => sum + one.rawBytes + one.compactedBytes, 0);
  const done =
    compacted === undefined
      ? []
      : [
          `Compacted ${count(compacted.segments, 'segment')}: ${mb(compacted.rawBytes)} are now ${mb(compacted.bytes)}.`,
          ...compacted.kept,
          ...compacted.failed,
        ];
  return [
    ...done,
    ...(listed.length === 0 ? [] : tableOf(listed)),
    `${count(journals.length, 'journal')} in ${folder}, ${mb(bytes)}`,
  ].join('\n');
}

function asJson(folder: string, listed: readonly Listed[], compacted: Compacted | undefined): string {
  const journals = listed.map(({ runId, journal }) =>
    journal === undefined
      ? { runId, state: null }
      : {
          runId,
          folder: journal.folder,
          day: istDate(journal.meta.marketDateMs),
          mode: journal.meta.mode,
          instruments: journal.meta.instruments.length,
          packets: journal.frames,
          segments: journal.segments,
          rawBytes: journal.rawBytes,
          compactedBytes: journal.compactedBytes,
          state: journal.state,
        },
  );
  return JSON.stringify({ folder, compacted: compacted ?? null, journals }, null, 2);
}

/** Returns the exit code. Throws EngineError JOURNAL if the folder cannot be read. */
async function journals(options: JournalsOptions): Promise<number> {
  const folder = resolve(options.journals);
  if (!existsSync(folder))
    throw new EngineError(
      'JOURNAL',
      `${folder} does not exist: a run leaves its journal below data/test/journal, or where --journal says.`,
    );
  // A segment is raw or compacted at any moment, and what is half written goes with the next compaction.
  const release = onStop(() => process.exit(EXIT.interrupted));
  try {
    const compacted = options.compact ? await compactAll(await listedIn(folder)) : undefined;
    const listed = await listedIn(folder);
    const print = options.json ? asJson : asText;
    process.stdout.write(`${print(options.journals, listed, compacted)}\n`);
    return compacted === undefined || compacted.failed.length === 0 ? EXIT.pass : EXIT.failed;
  } catch (error) {
    if (error instanceof EngineError || typeof (error as NodeJS.ErrnoException).errno !== 'number')
      throw error;
    throw new EngineError('JOURNAL', `${folder} cannot be read (${sentenceOf(error)}).`, { cause: error });
  } finally {
    release();
  }
}

export const command = defineCommand<'journals', JournalsOptions>({
  about:
    'One line a run, the newest first. Packets are ? where only reading the whole journal would tell. A run is whole when it came to its end, interrupted when it did not (--resume may continue it), or running.',
  exitCodes: {
    0: 'they are listed',
    1: 'a segment could not be compacted',
    2: 'usage, or a folder that cannot be read',
  },
  example: 'tickshard journals --compact',
  check: (values) => values,
  run: journals,
});
