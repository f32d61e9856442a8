/** Reads existing files strictly: a file that is not clearly ours is never overwritten. */
import { stat } from 'node:fs/promises';
import { EngineError, sentenceOf } from '../errors.js';
import type { FileIdentity } from '../candles/candle.js';
import { FIRST_RULES } from '../candles/rules.js';
import type { Timeframe } from '../market/timeframe.js';
import { CANDLE_COLUMNS, QUALITY_COLUMNS, isIndianZone } from './columns.js';
import type { Column, Zone } from './columns.js';
import { candleFrom, candlesPath } from './candles-file.js';
import type { FileInstrument } from './candles-file.js';
import { pairUp } from './merge.js';
import type { StoredCandle } from './merge.js';
import { qualityFrom, qualityPath } from './quality-file.js';

/** An instrument's two files. A zone is undefined where there is no file. */
export interface StoredPair {
  readonly rows: readonly StoredCandle[];
  readonly candlesZone: Zone | undefined;
  readonly qualityZone: Zone | undefined;
}

/** Footer keys of both files. */
export function footerKeys({
  feed,
  mode,
  volumeKind,
  rules,
}: FileIdentity): Record<'feed' | 'mode' | 'volume_kind' | 'rules', string> {
  return { feed, mode, volume_kind: volumeKind, rules: String(rules) };
}

/** Throws EngineError FOOTER when a file's rows are of another origin. */
function checkIdentity(path: string, keys: ReadonlyMap<string, string>, identity: FileIdentity): void {
  for (const [key, ours] of Object.entries(footerKeys(identity))) {
    const theirs = keys.get(key) ?? (key === 'rules' ? String(FIRST_RULES) : undefined);
    if (theirs === ours) continue;
    const found =
      theirs === undefined ? `has no footer key \`${key}\`` : `holds rows of ${key} \`${theirs}\``;
    throw new EngineError(
      'FOOTER',
      `${path} ${found} and this run writes \`${ours}\`; they never meet in one file: give another --out or move the file away.`,
    );
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** False also when it cannot be told: reading it says why. */
const isAbsent = (path: string): Promise<boolean> => stat(path).then(() => false, isMissing);

interface StoredFile<Row> {
  readonly rows: readonly Row[];
  readonly zone: Zone;
}

/**
 * Reads a file and checks columns, identity and every row. Undefined when absent. Throws EngineError OUTPUT or
 * FOOTER.
 */
async function readStored<Row>(
  path: string,
  columns: readonly Column[],
  identity: FileIdentity,
  rowFrom: (record: Record<string, unknown>) => Row | undefined,
): Promise<StoredFile<Row> | undefined> {
  if (await isAbsent(path)) return undefined;
  // Imported late: a run into a new folder does not need it.
  const { openParquet } = await import('./reader.js');
  const file = await openParquet(path, 'OUTPUT');
  if (file === undefined) return undefined;
  checkIdentity(path, file.keys, identity);
  const found = file.columns.map(({ name, type }) => `${name} ${type}`).join(', ');
  const expected = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
  if (found !== expected) {
    throw new EngineError(
      'OUTPUT',
      `${path} has the columns ${found} where ${expected} is expected: it is not a file of ours and stays as it is, so name another --out.`,
    );
  }
  const rows = (await file.rows()).map((record, index) => {
    const row = rowFrom(record);
    if (row === undefined)
      throw new EngineError(
        'OUTPUT',
        `${path} is not a file of ours: its row ${index + 1} has a value that is missing or foreign. It stays as it is: name another --out.`,
      );
    return row;
  });
  return { rows, zone: isIndianZone(file.zone) ? file.zone : '+05:30' };
}

/**
 * Reads an instrument's two files. Throws EngineError OUTPUT (unreadable, damaged, foreign) or FOOTER (other footer
 * keys).
 */
export async function readPair(
  outDir: string,
  instrument: FileInstrument,
  identity: FileIdentity,
): Promise<StoredPair> {
  const ours = (record: Record<string, unknown>) => {
    const row = candleFrom(record, instrument);
    return row?.symbol === instrument.symbol && row.exchange === instrument.exchange ? row : undefined;
  };
  const candles = await readStored(candlesPath(outDir, instrument), CANDLE_COLUMNS, identity, ours);
  const quality = await readStored(qualityPath(outDir, instrument), QUALITY_COLUMNS, identity, qualityFrom);
  return {
    rows: pairUp(candles?.rows ?? [], quality?.rows ?? []),
    candlesZone: candles?.zone,
    qualityZone: quality?.zone,
  };
}

/**
 * Checks, before connecting, that a run of `identity` may write these instruments' candles. Changes nothing. Throws
 * EngineError OUTPUT (the folder is a file; a file is unreadable, damaged or foreign) or FOOTER (other footer keys).
 */
export async function checkExisting(
  outDir: string,
  instruments: readonly FileInstrument[],
  timeframes: readonly Timeframe[],
  identity: FileIdentity,
): Promise<void> {
  const folder = await stat(outDir).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw new EngineError('OUTPUT', `${outDir} cannot be used (${sentenceOf(error)}): give another --out.`, {
      cause: error,
    });
  });
  if (folder === undefined) return;
  if (!folder.isDirectory())
    throw new EngineError('OUTPUT', `${outDir} is a file and no folder: give another --out.`);
  for (const instrument of instruments)
    for (const timeframe of timeframes) await readPair(outDir, { ...instrument, timeframe }, identity);
}
