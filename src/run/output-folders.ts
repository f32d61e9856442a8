/** A run's output folders: checked before it connects, probed once nothing else can refuse the run. */
import { accessSync, constants, mkdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { SystemClock } from '../clock.js';
import { EngineError, sentenceOf } from '../errors.js';
import { watch } from '../memory/io-ledger.js';
import { MINUTE_MS } from '../market/session.js';
import { OutLock, type OutLockOptions } from '../parquet/out-lock.js';
import { Reserve } from '../parquet/reserve.js';
import { roomForCandles } from '../parquet/room.js';
import { isFull } from '../text/atomic-file.js';
import type { Plan } from './plan.js';

/** False for a path below a file. */
function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/** `path` or its nearest existing ancestor. */
export function nearestExisting(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (exists(at) || at === dirname(at)) return at;
  }
}

/** Throws EngineError OUTPUT if permissions forbid to make or write `folder`. Changes nothing. */
export function checkFolder(folder: string): void {
  try {
    const at = nearestExisting(folder);
    if (!statSync(at).isDirectory())
      throw new EngineError('OUTPUT', `${folder} cannot be a folder: ${at} is a file; name another.`);
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      'OUTPUT',
      `${folder} cannot be written to (${sentenceOf(error)}); name another, or let this user write there.`,
      { cause: error },
    );
  }
}

/** `path` to show: relative if below the current folder. */
export function displayPath(path: string): string {
  const here = relative('', path);
  return here.startsWith('..') ? path : here;
}

/** Removes folders that `probeFolder` made, innermost first. */
export function removeFolders(made: readonly string[]): void {
  for (const path of [...made].reverse()) rmdirSync(path);
}

/** Makes `folder` and its missing ancestors; returns those made, outermost first. */
function makeFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let at = resolve(folder); at !== nearestExisting(at); at = dirname(at)) missing.unshift(at);
  const made: string[] = [];
  try {
    // One by one: Node's recursive mkdir never returns if the kernel refuses with ENOENT, as in /proc.
    for (const path of missing) {
      mkdirSync(path);
      made.push(path);
    }
    return made;
  } catch (error) {
    removeFolders(made);
    throw error;
  }
}

/**
 * Makes `folder` and writes a probe file to it; returns the folders made, outermost first. If the system refuses,
 * removes them and throws EngineError OUTPUT.
 */
export function probeFolder(folder: string, runId: string): readonly string[] {
  const probe = join(folder, `.probe-${runId}`);
  let made: readonly string[] = [];
  try {
    made = makeFolders(folder);
    writeFileSync(probe, '');
    rmSync(probe);
    return made;
  } catch (error) {
    rmSync(probe, { force: true });
    removeFolders(made);
    throw new EngineError(
      'OUTPUT',
      `${folder} cannot be written to (${sentenceOf(error)}); name another, or let this user write there.`,
      { cause: error },
    );
  }
}

/** The lock of the run's `--out`, not taken yet. */
export function lockOf({ outDir, runId }: Plan, heard: Pick<OutLockOptions, 'onWait' | 'onLost'>): OutLock {
  return new OutLock({ folder: outDir, who: `run ${runId}`, clock: new SystemClock(), ...heard });
}

/** Rows beyond the run's minutes: those that it begins and ends in, and the auction. */
const MORE_ROWS = 3;
/** Of a report, measured: of the run, of a symbol, of a candle. */
const REPORT_BYTES = { run: 16 * 1024, symbol: 1600, candle: 110 } as const;
/** The journal's last entry. */
const SUM_BYTES = 4096;

/** Candles of an instrument that the run can add. */
function rowsOf({ config, startsMs, endsMs }: Plan): number {
  const leftMs = Math.max(0, endsMs - startsMs);
  return Math.ceil(Math.min(leftMs / MINUTE_MS, config.durationMin ?? Infinity)) + MORE_ROWS;
}

/** True if two existing folders share the room of one disk. */
function onOneDisk(a: string, b: string): boolean {
  return statSync(a).dev === statSync(b).dev;
}

const kib = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

/** Room on the disk of `--out` that nothing but the run's candles can take, then its report, then its journal's end. */
export class RunRoom {
  readonly #reserve = new Reserve();
  #forReport = 0;

  /** For the writer's thread. */
  get token(): Reserve['token'] {
    return this.#reserve.token;
  }

  /**
   * Holds room for the plan's candles and, if on the same disk, reports. Returns a sentence if the system holds less
   * for another reason than room. Throws EngineError OUTPUT if the disk has no room for the candles.
   */
  hold(plan: Plan): string | undefined {
    const { outDir, instruments, reportPaths } = plan;
    const rows = rowsOf(plan);
    const { run, symbol, candle } = REPORT_BYTES;
    if (onOneDisk(outDir, dirname(reportPaths[0])))
      this.#forReport = reportPaths.length * (run + instruments.length * (symbol + rows * candle));
    const candles = roomForCandles(outDir, instruments, rows);
    const refusal = this.#reserve.make(outDir, candles + this.#forReport + SUM_BYTES);
    if (refusal === undefined) return undefined;
    const { held } = this.#reserve;
    this.#reserve.keep(held);
    if (!isFull(refusal))
      return `Only ${kib(held)} of the ${kib(candles)} that the candles may need can be held in ${outDir} (${sentenceOf(refusal)}); other programs may take the rest.`;
    if (held >= candles) return undefined;
    this.#reserve.release();
    throw new EngineError(
      'OUTPUT',
      `The candles of this run may need ${kib(candles)} in ${outDir}, and ${kib(held)} are free there: make room, or name another --out.`,
    );
  }

  /** True while a file in `folder` takes nothing from the candles. */
  hasRoomIn(folder: string, outDir: string): () => boolean {
    return onOneDisk(folder, outDir) ? () => this.#reserve.isWhole : () => true;
  }

  candlesStored(): void {
    this.#reserve.keep(this.#forReport + SUM_BYTES);
  }

  /** Before the report is written. */
  reportDue(): void {
    this.#reserve.keep(SUM_BYTES);
  }

  /** May be called twice, and without `hold`. */
  release(): void {
    this.#reserve.release();
  }
}

/**
 * Makes and probes the run's folders, takes the lock of `--out`, and holds room there. False if `over` resolves first.
 * Throws EngineError OUTPUT if the system refuses, another run writes there, or the candles have no room. `say`: that
 * the room cannot be held.
 */
export async function claimFolders(
  plan: Plan,
  { lock, room }: { readonly lock: OutLock; readonly room: RunRoom },
  over: Promise<void>,
  say: (sentence: string) => void,
): Promise<boolean> {
  const { folders, runId } = plan;
  for (const folder of folders) probeFolder(folder, runId);
  watch(folders);
  const abort = new AbortController();
  void over.then(() => abort.abort());
  if (!(await lock.take(abort.signal))) return false;
  const unheld = room.hold(plan);
  if (unheld !== undefined) say(unheld);
  return true;
}
