/**
 * A journal's packets as files: one an instrument, or one for all. Rows are sorted by instrument (symbol, exchange)
 * and, in it, by arrival. The journal is read once to count and then once for every group of instruments whose
 * packets fit into memory together, so a journal of any size takes the same memory.
 */
import { basename, join } from 'node:path';
import type { FrameCodec } from '../broker/broker.js';
import type { Instrument } from '../market/instrument.js';
import type { BlockStamp } from '../journal/format.js';
import { fileStem } from '../parquet/candles-file.js';
import { frameBytesOf, PacketBatch, recordBytes } from './batch.js';
import type { PriceUnit } from './columns.js';
import { surveyJournal, visitPackets, type JournalSurvey } from './journal-packets.js';
import { checkReplaceable, newFolder, writeList, type ExportList } from './out-folder.js';
import {
  beginTickFile,
  tickFileName,
  type TickFile,
  type TickFileFigures,
  type TickFormat,
} from './tick-files.js';

/** Packets of a row group: readers work on some 100,000 rows at a time. */
const GROUP_ROWS = 65_536;
/** Of packets in memory. */
const MEMORY_BYTES = 128 * 1024 * 1024;

export interface ExportOptions {
  /** A run's journal. */
  readonly folder: string;
  /** Absolute. */
  readonly out: (runId: string) => string;
  readonly oneFile: boolean;
  readonly format: TickFormat;
  readonly unit: PriceUnit;
  readonly codec: FrameCodec;
  readonly groupRows?: number;
  readonly memoryBytes?: number;
}

export interface ExportOutcome {
  readonly survey: JournalSurvey;
  readonly out: string;
  readonly files: readonly TickFileFigures[];
  /** Times that the journal was read. */
  readonly passes: number;
}

const bySymbol = (a: Instrument, b: Instrument): number =>
  a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.exchangeType - b.exchangeType;

/**
 * Instruments in the order of the rows, in groups for one pass each. `held`: records of an instrument that are in
 * memory at once. A larger instrument has a group of its own, and is written while it is read.
 */
export function groupsOf(
  instruments: readonly Instrument[],
  held: (instrument: Instrument) => number,
  maxRecords: number,
): Instrument[][] {
  const groups: Instrument[][] = [];
  let records = Infinity;
  for (const instrument of [...instruments].sort(bySymbol)) {
    records += held(instrument);
    if (records > maxRecords) {
      groups.push([]);
      records = held(instrument);
    }
    groups.at(-1)!.push(instrument);
  }
  return groups;
}

/** Collects the packets of some instruments, and hands over full batches. */
class Collector {
  readonly #batches = new Map<number, PacketBatch[]>();
  readonly #counts: Float64Array;
  readonly #frameBytes: number;
  readonly #groupRows: number;
  readonly #streams: boolean;
  readonly #write: (batch: PacketBatch) => Promise<void>;
  #full: PacketBatch[] = [];

  /** `streams`: full batches are written at once, not in the end. */
  constructor(
    group: readonly Instrument[],
    survey: JournalSurvey,
    options: { frameBytes: number; groupRows: number; streams: boolean },
    write: (batch: PacketBatch) => Promise<void>,
  ) {
    this.#counts = survey.counts;
    this.#frameBytes = options.frameBytes;
    this.#groupRows = options.groupRows;
    this.#streams = options.streams;
    this.#write = write;
    for (const instrument of group) this.#batches.set(instrument.index, [this.#batch(instrument)]);
  }

  packet(index: number, bytes: Uint8Array, stamp: BlockStamp, arrival: number, subscribedMs: number): void {
    const batches = this.#batches.get(index);
    if (batches === undefined) return;
    let batch = batches[batches.length - 1];
    if (batch.isFull) {
      batch = this.#batch(batch.instrument);
      if (this.#streams) this.#full.push(...batches.splice(0));
      batches.push(batch);
    }
    batch.add(bytes, stamp, arrival, subscribedMs);
  }

  blockOver(): Promise<void> | undefined {
    return this.#full.length === 0 ? undefined : this.#writeFull();
  }

  /** Writes what is left, in the group's order. */
  async end(): Promise<void> {
    await this.#writeFull();
    for (const batches of this.#batches.values())
      for (const batch of batches) if (batch.count > 0) await this.#write(batch);
  }

  async #writeFull(): Promise<void> {
    const full = this.#full;
    this.#full = [];
    for (const batch of full) await this.#write(batch);
  }

  #batch(instrument: Instrument): PacketBatch {
    const rows = Math.max(1, Math.min(this.#counts[instrument.index], this.#groupRows));
    return new PacketBatch(instrument, rows, this.#frameBytes);
  }
}

/** Writes the rows of all instruments into `aside`. */
async function writeFiles(
  survey: JournalSurvey,
  aside: string,
  options: ExportOptions,
): Promise<Pick<ExportOutcome, 'files' | 'passes'>> {
  const { oneFile, format, unit, codec, groupRows = GROUP_ROWS, memoryBytes = MEMORY_BYTES } = options;
  const { meta } = survey.summary;
  const frameBytes = frameBytesOf(codec, meta.mode);
  const rowsHeld = ({ index }: Instrument): number =>
    oneFile ? survey.counts[index] : Math.min(survey.counts[index], groupRows);
  const groups = groupsOf(meta.instruments, rowsHeld, memoryBytes / recordBytes(frameBytes));
  const keys = { feed: meta.feed, mode: meta.mode, run: meta.runId };
  const begin = (instrument: Instrument): Promise<TickFile> => {
    const name = tickFileName(oneFile ? undefined : fileStem, instrument, format);
    return beginTickFile(join(aside, name), { format, mode: meta.mode, unit, codec, keys });
  };
  const files: TickFileFigures[] = [];
  const common = oneFile ? await begin(meta.instruments[0]) : undefined;
  for (const group of groups) {
    const open = new Map<Instrument, TickFile>();
    for (const instrument of group) open.set(instrument, common ?? (await begin(instrument)));
    const streams = !oneFile || group.length === 1;
    const collector = new Collector(group, survey, { frameBytes, groupRows, streams }, (batch) =>
      open.get(batch.instrument)!.write(batch),
    );
    if (group.some(({ index }) => survey.counts[index] > 0)) await visitPackets(survey, codec, collector);
    await collector.end();
    if (common === undefined) for (const file of open.values()) files.push(await file.end());
  }
  if (common !== undefined) files.push(await common.end());
  return { files, passes: 1 + groups.length };
}

/** What `export.json` says. */
function listOf(
  survey: JournalSurvey,
  files: readonly TickFileFigures[],
  options: ExportOptions,
): ExportList {
  const { summary, leftOut } = survey;
  const { meta, frames, extent } = summary;
  return {
    what: 'ticks',
    runId: meta.runId,
    journal: basename(summary.folder),
    version: meta.version,
    feed: meta.feed,
    mode: meta.mode,
    format: options.format,
    prices: options.unit === 'wire' ? 'integers of the wire' : 'rupees',
    messages: frames,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    leftOut,
    broken: extent.broken ?? null,
    files,
  };
}

/**
 * Exports a run's journal. Resolves when the folder is in place. Throws EngineError JOURNAL for a journal that cannot
 * be read, OUTPUT for a folder that holds other files or cannot be written.
 */
export async function exportTicks(options: ExportOptions): Promise<ExportOutcome> {
  const survey = await surveyJournal(options.folder, options.codec);
  const out = options.out(survey.summary.meta.runId);
  await checkReplaceable(out);
  const folder = await newFolder(out);
  try {
    const { files, passes } = await writeFiles(survey, folder.aside, options);
    writeList(folder.aside, listOf(survey, files, options));
    await folder.keep();
    return { survey, out, files, passes };
  } catch (error) {
    folder.drop();
    throw error;
  }
}
