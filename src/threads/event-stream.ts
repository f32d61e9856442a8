/**
 * `--stream` in its thread: a run's events as JSON lines, at the pace of their reader. It reads the shards' memory, and
 * nothing waits for it. A reader that goes away ends the stream only.
 */
import { sentenceOf } from '../errors.js';
import { openShards } from '../candles/shared-shards.js';
import { CandleStream } from '../candles/stream.js';
import { Notices } from '../memory/notices.js';
import { OutputPipe } from './output-pipe.js';
import type { FromStream, StreamTask } from './stream-messages.js';

/** Characters of one write. */
const MAX_WRITE = 65_536;

/** Resolves when the run's end is written, or when nothing more can be. */
export async function streamEvents({ port, shards, timeframes, notices, fd }: StreamTask): Promise<void> {
  const say = (message: FromStream): void => port.postMessage(message);
  const instruments = shards.reduce((sum, { places }) => sum + places.length, 0);
  const stream = new CandleStream(openShards(shards), {
    notices: new Notices(instruments, notices),
    timeframes,
  });
  const pipe = new OutputPipe(fd);
  port.on('message', () => say({ kind: 'taken', bytes: pipe.taken }));
  const { signal } = new AbortController();
  try {
    while (!stream.ended) {
      await stream.changed(signal);
      for (const lines of linesOf(stream)) await pipe.write(lines);
    }
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === 'EPIPE';
    say({
      kind: 'broken',
      sentence: gone ? 'its reader has gone' : `it cannot be written: ${sentenceOf(error)}`,
    });
  } finally {
    port.close();
  }
}

/** What is due, in pieces that are read from memory only when the one before was taken. */
function* linesOf(stream: CandleStream): Generator<string, void> {
  let lines = '';
  for (const event of stream.read()) {
    lines += `${JSON.stringify(event)}\n`;
    if (lines.length < MAX_WRITE) continue;
    yield lines;
    lines = '';
  }
  if (lines.length > 0) yield lines;
}
