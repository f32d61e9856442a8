/** `tickshard/journal`: what a run received, byte for byte, as it came; and the events of its replay. */
import type { CandleEvent } from '../candles/events.js';
import { KIND, type BlockStamp } from '../journal/format.js';
import { readJournal as readBlocks } from '../journal/reader.js';
import { journalEvents } from '../run/journal-events.js';
import { asFeedErrors } from './error.js';

/** When a read of the socket came. */
export interface Receipt {
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Epoch ms, this machine's clock. */
  readonly wallMs: number;
  /** Epoch ms, the feed's market. */
  readonly marketMs: number;
}

/** One binary message of the feed, for `decode` of `tickshard/wire`. */
export interface JournalFrame extends Receipt {
  readonly bytes: Uint8Array;
}

/**
 * Yields the frames of the run whose journal is in `folder`, in order, block by block: a journal of any size takes
 * the memory of one block. Throws FeedError `JOURNAL`.
 */
export async function* readJournal(folder: string): AsyncGenerator<JournalFrame, void> {
  let block: JournalFrame[] = [];
  let taken = (): void => undefined;
  let wake = (): void => undefined;
  let filled = new Promise<void>((resolve) => (wake = resolve));
  let abandoned = false;
  const receipt = ({ connection, wallMs, marketMs }: BlockStamp): Receipt => ({
    connection,
    wallMs,
    marketMs,
  });
  const reading = asFeedErrors(() =>
    readBlocks(folder, {
      entry: (kind, bytes, stamp) => {
        if (kind === KIND.frame) block.push({ bytes: new Uint8Array(bytes), ...receipt(stamp) });
      },
      frames: (messages, stamp) => {
        for (let k = 0; k < messages.count; k++)
          // Not `slice`: of a Buffer that is a view.
          block.push({ bytes: new Uint8Array(messages.slice(k)), ...receipt(stamp) });
      },
      blockOver: () => {
        if (block.length === 0) return undefined;
        wake();
        return new Promise<void>((resolve) => (taken = resolve));
      },
      seenEnough: () => abandoned,
    }),
  );
  let over = false;
  const ended = reading.then(
    () => void (over = true),
    () => void (over = true),
  );
  try {
    while (!over) {
      await Promise.race([filled, ended]);
      yield* block;
      block = [];
      filled = new Promise<void>((resolve) => (wake = resolve));
      taken();
    }
    await reading;
  } finally {
    abandoned = true;
    taken();
    await ended;
  }
}

/**
 * Yields the events of the run whose journal is in `folder`: those of the run, but for `stale`, `live` and
 * `connection`, which no replay has. A journal of any size takes the memory of its instruments. Throws FeedError
 * `JOURNAL`.
 */
export async function* readEvents(folder: string): AsyncGenerator<CandleEvent, void> {
  const events = journalEvents(folder);
  try {
    for (;;) {
      const next = await asFeedErrors(() => events.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await events.return();
  }
}
