/** A second sink for the tests of the writer: keeps events in a file, a line each, or fails as its settings say. */
import { appendFileSync } from 'node:fs';
import type { CandleEvent } from '../../src/candles/events.js';
import type { CandleSink } from '../../src/candles/sink.js';

export interface CollectingSettings {
  readonly file: string;
  /** What the sink does in place of storing. */
  readonly trouble?: 'fails' | 'fails to open';
}

export function createSink(settings: unknown): CandleSink {
  const { file, trouble } = settings as CollectingSettings;
  let lines = '';
  return {
    open: () =>
      trouble === 'fails to open' ? Promise.reject(new Error('no such server')) : Promise.resolve(),
    write: (events: readonly CandleEvent[]) => {
      lines += events.map((event) => `${JSON.stringify(event)}\n`).join('');
      return Promise.resolve();
    },
    flush: () => {
      if (trouble === 'fails') return Promise.reject(new Error('the server is gone'));
      appendFileSync(file, lines);
      lines = '';
      return Promise.resolve();
    },
    close: () => {
      appendFileSync(file, '"closed"\n');
      return Promise.resolve();
    },
  };
}
