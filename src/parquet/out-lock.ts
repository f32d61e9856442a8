/**
 * The lock of a folder of candles. Two runs that merge into the same files lose each other's rows, so one at a time
 * writes there. The lock is a file, created exclusively, that names its holder and is refreshed.
 *
 * A lock is stale if its process is dead, which only processes of the same boot and process numbers can tell, or if
 * it did not change for 30 s of the waiter's monotonic clock. Clocks of two machines are never compared. A holder
 * that slept through that reads its nonce before each rename, and stops if it is gone.
 */
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pause, type Clock, type Timer } from '../clock.js';
import { EngineError, sentenceOf } from '../errors.js';
import { istStamp } from '../market/session.js';
import { nonce } from '../random.js';
import { isObject } from '../text/json.js';
import { isAlive, processStart } from '../text/process-liveness.js';

/** Real ms without change after which a lock whose process cannot be looked up is stale. */
const STALE_MS = 30_000;
const REFRESH_MS = 5000;
const LOOK_MS = 500;
/** A longer time between two looks is one in which this process stood still, and perhaps the holder too. */
const MAX_LOOK_MS = 2 * LOOK_MS;
const NAME = '.tickshard.lock';

/** Plain data: the writer's thread gets it. */
export interface LockToken {
  readonly path: string;
  readonly nonce: string;
}

interface Holder {
  readonly nonce: string;
  /** For people: the run, or what else writes. */
  readonly who: string;
  readonly processId: number;
  readonly processStart: string | null;
  readonly host: string;
  /** Identifies boot and process numbers; null on systems other than Linux. */
  readonly processes: string | null;
  readonly sinceMs: number;
  /** Rises with each refresh. */
  readonly beat: number;
}

interface Seen {
  readonly text: string;
  /** Undefined for a file that is not a lock, or not yet. */
  readonly holder: Holder | undefined;
}

export interface OutLockOptions {
  readonly folder: string;
  /** For people: `run RUN`. */
  readonly who: string;
  readonly clock: Clock;
  /** A sentence when it must be seen whether the holder lives; up to 30 s follow. */
  readonly onWait: (sentence: string) => void;
  /** Once, when another took the lock, or someone removed it. */
  readonly onLost: (error: EngineError) => void;
}

/** Process numbers are unique within one boot and one namespace: containers have their own. */
function processSpace(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch (error) {
    // Not Linux, or /proc is not there: then 30 s without change decide.
    void error;
    return null;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function parse(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { nonce: own, who, processId, host, sinceMs } = value;
    const known = [own, who, host].every((member) => typeof member === 'string');
    return known && Number.isInteger(processId) && Number.isFinite(sinceMs)
      ? (value as unknown as Holder)
      : undefined;
  } catch (error) {
    // Half written, or not ours.
    void error;
    return undefined;
  }
}

/** Undefined without a lock. Throws EngineError OUTPUT (retryable) if it cannot be read. */
async function read(path: string): Promise<Seen | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    return { text, holder: parse(text) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new EngineError('OUTPUT', `The lock ${path} cannot be read (${sentenceOf(error)}).`, {
      cause: error,
      retryable: true,
    });
  }
}

function lost({ path }: LockToken, holder: Holder | undefined): EngineError {
  const by = holder === undefined ? 'it was removed' : `${describe(holder)} took it`;
  return new EngineError(
    'OUTPUT',
    `The lock ${path} is no longer this run's: ${by}. Candles are written no more, so that none is lost; \`tickshard replay\` writes the rest from the journal.`,
  );
}

function describe({ who, processId, host, sinceMs }: Holder): string {
  return `${who} (process ${processId} on ${host}, since ${istStamp(sinceMs)})`;
}

/** Throws EngineError OUTPUT if the lock is not the token's; retryable if it cannot be read. */
async function assertHeld(token: LockToken): Promise<void> {
  const seen = await read(token.path);
  if (seen?.holder?.nonce !== token.nonce) throw lost(token, seen?.holder);
}

/** A rename that is refused, with EngineError OUTPUT, once the lock is not the token's. */
export function renameHolding(token: LockToken): (from: string, to: string) => Promise<void> {
  return async (from, to) => {
    await assertHeld(token);
    await rename(from, to);
  };
}

export class OutLock {
  readonly token: LockToken;
  readonly #options: OutLockOptions;
  readonly #processes = processSpace();
  #beat = 0;
  #sinceMs = 0;
  #timer: Timer | undefined;
  #refreshing: Promise<void> | undefined;
  readonly #onExit = (): void => this.#remove();

  constructor(options: OutLockOptions) {
    this.#options = options;
    this.token = { path: join(options.folder, NAME), nonce: `${nonce()}${nonce()}` };
  }

  /**
   * Takes the lock, and holds it until `release` or the end of the process. The folder must exist. False if `signal`
   * aborts. Throws EngineError OUTPUT if another holds it, with a sentence that says who.
   */
  async take(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    this.#sinceMs = clock.wallMs();
    if (!(await this.#claim(this.token.path, signal))) return false;
    process.once('exit', this.#onExit);
    this.#timer = clock.every(REFRESH_MS, () => void this.refresh());
    return true;
  }

  /** Refreshes the lock, or finds that it is lost. */
  refresh(): Promise<void> {
    return (this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined)));
  }

  /** Removes the lock. May be called twice, and without `take`. */
  async release(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#refreshing;
    process.off('exit', this.#onExit);
    this.#remove();
  }

  #remove(): void {
    const { path, nonce: own } = this.token;
    try {
      if (parse(readFileSync(path, 'utf8'))?.nonce === own) rmSync(path);
    } catch (error) {
      // Nothing was taken, or it is gone with its folder. One that stays is stale, as its process is dead.
      void error;
    }
  }

  #text(): string {
    const holder: Holder = {
      nonce: this.token.nonce,
      who: this.#options.who,
      processId: process.pid,
      processStart: processStart(process.pid),
      host: hostname(),
      processes: this.#processes,
      sinceMs: this.#sinceMs,
      beat: this.#beat,
    };
    return `${JSON.stringify(holder)}\n`;
  }

  /** False if `signal` aborts. */
  async #claim(path: string, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#create(path)) return true;
      const seen = await read(path);
      if (seen === undefined || !(await this.#isStale(path, seen, signal))) continue;
      // One waiter at a time replaces a stale lock: a second one would replace the first one's.
      const turn = `${path}.next`;
      if (!(await this.#claim(turn, signal))) return false;
      try {
        if ((await read(path))?.text !== seen.text) continue;
        const aside = `${path}.${this.token.nonce}`;
        await writeFile(aside, this.#text());
        await rename(aside, path);
        return true;
      } finally {
        await rm(turn, { force: true });
      }
    }
    return false;
  }

  /** False if it exists. */
  async #create(path: string): Promise<boolean> {
    try {
      const file = await open(path, 'wx');
      try {
        await file.writeFile(this.#text());
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw new EngineError(
        'OUTPUT',
        `The lock ${path} cannot be made (${sentenceOf(error)}); make room, name another --out, or let this user write there.`,
        { cause: error },
      );
    }
  }

  /** False if the lock is gone, or if `signal` aborts. Throws EngineError OUTPUT if it is held. */
  async #isStale(path: string, seen: Seen, signal: AbortSignal): Promise<boolean> {
    const { folder, clock, onWait } = this.#options;
    const { holder } = seen;
    if (holder !== undefined && this.#processes !== null && holder.processes === this.#processes) {
      if (!isAlive(holder.processId, holder.processStart)) return true;
      throw this.#held(holder);
    }
    const who = holder === undefined ? 'something' : describe(holder);
    onWait(
      `${folder} is locked by ${who}, whose process cannot be looked up from here: whether it still refreshes its lock shows within ${STALE_MS / 1000} s.`,
    );
    let lastMs = clock.monoMs();
    for (let unchangedMs = 0; unchangedMs < STALE_MS;) {
      await pause(LOOK_MS, clock, signal);
      if (signal.aborted) return false;
      const now = await read(path);
      if (now === undefined) return false;
      if (now.text !== seen.text) throw this.#held(now.holder);
      const nowMs = clock.monoMs();
      unchangedMs += Math.min(nowMs - lastMs, MAX_LOOK_MS);
      lastMs = nowMs;
    }
    return true;
  }

  #held(holder: Holder | undefined): EngineError {
    const who = holder === undefined ? `what refreshes ${this.token.path}` : describe(holder);
    return new EngineError(
      'OUTPUT',
      `${this.#options.folder} is written by ${who}: end it or wait for its end, or name another --out.`,
    );
  }

  /** Only into the file that holds this nonce, also if another run replaces it meanwhile. */
  async #refresh(): Promise<void> {
    this.#beat++;
    try {
      const file = await open(this.token.path, 'r+');
      try {
        const holder = parse(await file.readFile('utf8'));
        if (holder?.nonce !== this.token.nonce) return this.#lose(holder);
        await file.write(this.#text(), 0);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') this.#lose(undefined);
      // Any other refusal may pass. If it does not, another run takes the lock, which the next rename finds.
    }
  }

  #lose(holder: Holder | undefined): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#options.onLost(lost(this.token, holder));
  }
}
