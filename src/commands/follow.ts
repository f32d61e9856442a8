/** `tickshard follow`: prints published candles, or keeps them as Parquet files. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { FileIdentity } from '../candles/candle.js';
import { defineCommand } from '../cli/command.js';
import type { ValuesOf } from '../cli/options/table.js';
import { SystemClock, monoMs, sleep } from '../clock.js';
import { EngineError, EXIT, sentenceOf } from '../errors.js';
import { OutLock, renameHolding } from '../parquet/out-lock.js';
import { ParquetSink } from '../parquet/sink.js';
import { follow, type FollowedCandle } from '../publish/follow.js';
import { checkFolder, probeFolder } from '../run/output-folders.js';
import { onStop } from '../run/shutdown.js';
import { publishAccess } from '../run/source.js';
import { count } from '../text/count.js';

type FollowValues = ValuesOf<'follow'>;

/** Real ms between two writes of files while candles come. */
const STORE_EVERY_MS = 1000;

/** What becomes of the candles. */
interface Target {
  take(candle: FollowedCandle): Promise<void>;
  /** Stores the rest. */
  close(): Promise<void>;
}

const printed: Target = {
  async take({ text }) {
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  },
  close: () => Promise.resolve(),
};

/** Files in a folder that no other program writes. All candles must be of one origin, as in a run's folder. */
class Files implements Target {
  readonly #folder: string;
  readonly #lock: OutLock;
  #sink: ParquetSink | undefined;
  #origin: string | undefined;
  #storedMs = 0;
  readonly #paths = new Set<string>();

  constructor(folder: string) {
    this.#folder = resolve(folder);
    this.#lock = new OutLock({
      folder: this.#folder,
      who: 'tickshard follow',
      clock: new SystemClock(),
      onWait: say,
      onLost: (error) => say(error.message),
    });
  }

  async open(): Promise<void> {
    checkFolder(this.#folder);
    probeFolder(this.#folder, `follow-${process.pid}`);
    await this.#lock.take(new AbortController().signal);
  }

  async take({ event, origin, left }: FollowedCandle): Promise<void> {
    if (origin === undefined) return;
    this.#sink ??= await this.#sinkOf(origin);
    const name = JSON.stringify(origin);
    this.#origin ??= name;
    if (name !== this.#origin)
      throw new EngineError(
        'FOOTER',
        `The stream has candles of different origins, ${this.#origin} and ${name}, which no file holds together: choose by --symbols and --from.`,
      );
    await this.#sink.write([event]);
    if (left > 0 && monoMs() - this.#storedMs < STORE_EVERY_MS) return;
    this.#storedMs = monoMs();
    await this.#sink.flush();
  }

  async close(): Promise<void> {
    try {
      await this.#sink?.close();
    } finally {
      await this.#lock.release();
    }
    say(`${count(this.#paths.size, 'file')} in ${this.#folder}.`);
  }

  async #sinkOf(identity: FileIdentity): Promise<ParquetSink> {
    const sink = new ParquetSink({
      outDir: this.#folder,
      wait: sleep,
      rename: renameHolding(this.#lock.token),
      onWritten: (files) => files.forEach(({ path }) => this.#paths.add(path)),
    });
    await sink.open({ identity, marketDateMs: 0, instruments: [] });
    return sink;
  }
}

function say(sentence: string): void {
  process.stderr.write(`tickshard: ${sentence}\n`);
}

/** `RELIANCE`, `RELIANCE-EQ` and `NSE:RELIANCE` name the same. */
function choiceOf({ symbols, timeframes, from }: FollowValues): (candle: FollowedCandle) => boolean {
  const names = symbols?.map((name) => name.replace(/-EQ$/, ''));
  return ({ event: { instrument, timeframe, candle } }) =>
    (names === undefined ||
      names.includes(instrument.symbol) ||
      names.includes(`${instrument.exchange}:${instrument.symbol}`)) &&
    (timeframes === undefined || timeframes.includes(timeframe)) &&
    (from === undefined || candle.timestampMs >= from);
}

/** Returns the exit code. Throws EngineError CONFIG, OUTPUT, FOOTER, and CONNECT with --once. */
async function followed(values: FollowValues): Promise<number> {
  const access = publishAccess({ publish: values.servers, publishCa: values.ca }, '--ca')!;
  const chosen = choiceOf(values);
  const stopped = new AbortController();
  const release = onStop(() => (stopped.signal.aborted ? process.exit(EXIT.interrupted) : stopped.abort()));
  let target = printed;
  try {
    if (values.out !== undefined) {
      const files = new Files(values.out);
      await files.open();
      target = files;
    }
    let trouble = '';
    const onTrouble = (sentence: string): void => {
      if (sentence !== trouble) say(`${sentence} It is tried again.`);
      trouble = sentence;
    };
    for await (const candle of follow({ access, once: values.once, signal: stopped.signal, onTrouble })) {
      trouble = '';
      if (chosen(candle)) await target.take(candle);
    }
  } catch (error) {
    if (error instanceof EngineError || error instanceof AggregateError) throw error;
    throw new EngineError('CONNECT', sentenceOf(error), { cause: error });
  } finally {
    await target.close();
    release();
  }
  return stopped.signal.aborted ? EXIT.interrupted : EXIT.pass;
}

export const command = defineCommand<'follow', FollowValues>({
  exitCodes: {
    0: 'all is read (--once)',
    2: 'usage, or no such folder',
    3: 'no server, or no stream (--once)',
    130: 'interrupted',
  },
  check: (values) => values,
  run: followed,
  printsOnly: ({ out }) => out === undefined,
});
