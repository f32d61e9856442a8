/** The writer's thread as a run has it: over shared memory, with a second sink, and with deaths. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CandleEvent } from '../../src/candles/events.js';
import { readCandles } from '../../src/candles/read-candles.js';
import { LEDGER } from '../../src/memory/io-ledger.js';
import { ShardPool } from '../../src/threads/shard-pool.js';
import { WriterHost, type WriterHostOptions } from '../../src/threads/writer-host.js';
import { IDENTITY, inFolder } from '../parquet/candles.js';
import { rowsOnDisk } from '../parquet/rows.js';
import { at, drain } from '../shard/drive.js';
import { Script } from '../shard/script.js';
import type { CollectingSettings } from './collecting-sink.js';
import { DEATHS_WORD } from './dying-writer.js';

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** A run up to 11:02, two minutes of it sealed once a shard has read them. */
function script(): Script {
  return new Script()
    .subscribe(at('10:59') + 30_000)
    .frame('RELIANCE', at('11:00') + 500, 10_000)
    .hum(at('11:01'))
    .frame('RELIANCE', at('11:01') + 1000, 10_200)
    .hum(at('11:02') + 20_000);
}

interface Trial {
  readonly writer: WriterHost;
  readonly deaths: Int32Array;
  readonly failures: string[];
  readonly trouble: string[];
  /** Events that the second sink got. */
  readonly events: () => (CandleEvent | 'closed')[];
}

function trialOf(
  folder: string,
  { engine }: Script,
  trouble?: CollectingSettings['trouble'],
  more: Partial<WriterHostOptions> = {},
): Trial {
  const file = join(folder, 'events.txt');
  const settings: CollectingSettings = { file, ...(trouble === undefined ? {} : { trouble }) };
  const ledger = new SharedArrayBuffer((LEDGER.words + 1) * 4);
  const failures: string[] = [];
  const said: string[] = [];
  const writer = new WriterHost({
    memories: engine.memories,
    places: engine.places,
    outDir: join(folder, 'out'),
    identity: IDENTITY,
    timeframes: ['1m'],
    historyDir: undefined,
    marketDateMs: at('11:00'),
    given: undefined,
    ledger,
    sinks: [{ name: 'collecting', url: new URL('./collecting-sink.js', import.meta.url).href, settings }],
    onFailure: (sentence) => failures.push(sentence),
    onTrouble: (sentence) => said.push(sentence),
    ...more,
  });
  running.push(writer);
  const events = (): (CandleEvent | 'closed')[] =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as CandleEvent | 'closed')
      : [];
  return { writer, deaths: new Int32Array(ledger), failures, trouble: said, events };
}

/** Candles that a sink has in the end, by instrument and minute. */
function lastOf(events: readonly (CandleEvent | 'closed')[]): unknown[] {
  const last = new Map<string, unknown>();
  for (const event of events)
    if (event !== 'closed' && (event.type === 'candle' || event.type === 'revision'))
      last.set(`${event.instrument.symbol} ${event.candle.timestampMs}`, {
        candle: event.candle,
        quality: event.quality,
      });
  return [...last.values()];
}

const inMemory = ({ engine }: Script): unknown[] =>
  engine.places.flatMap((place) => readCandles(engine.memories[place.shard], place, true));

describe('the writer', () => {
  it('feeds two sinks from real shards as minutes are sealed, and once more at the end', () =>
    inFolder(async (folder) => {
      const run = script();
      const { engine } = run;
      const { writer, events, failures } = trialOf(folder, run);
      const shards = new ShardPool({ memories: engine.memories, counters: engine.counters });
      running.push(shards);
      await Promise.all([shards.start(), writer.prepare()]);
      writer.follow();
      engine.router.publish();
      await vi.waitFor(() => expect(lastOf(events()).length).toBeGreaterThanOrEqual(4), 20_000);
      await vi.waitFor(async () => expect((await rowsOnDisk(join(folder, 'out'))).length).toBe(4), 20_000);
      run.frame('RELIANCE', at('11:02') + 30_000, 10_500);
      engine.router.end();
      engine.router.publish();
      await shards.done;
      const conclusion = await writer.finish();
      expect(conclusion.unproven).toEqual([]);
      expect(conclusion.proven).toBe(inMemory(run).length);
      expect(new Set(lastOf(events()).map((row) => JSON.stringify(row)))).toEqual(
        new Set(inMemory(run).map((row) => JSON.stringify(row))),
      );
      expect(events().at(-2)).toMatchObject({ type: 'end' });
      expect(events().at(-1)).toBe('closed');
      expect([writer.unwritten, failures, writer.refusing]).toEqual([[], [], 0]);
      expect(writer.evaluations.map(({ symbol }) => symbol)).toContain('RELIANCE');
    }));

  it.each([
    ['fails', 'The sink collecting: the server is gone'],
    ['fails to open', 'The sink collecting cannot be opened: no such server'],
  ] as const)('names a sink that %s, and harms no other', (trouble, sentence) =>
    inFolder(async (folder) => {
      const run = script().end();
      const { writer, trouble: said } = trialOf(folder, run, trouble);
      await writer.prepare();
      const { proven } = await writer.finish();
      expect(proven).toBe(inMemory(run).length);
      expect(writer.unwritten).toEqual([sentence]);
      expect(said).toHaveLength(1);
      expect(writer.refusing).toBe(1);
    }),
  );

  it('is replaced when its thread dies, and continues from disk and memory', () =>
    inFolder(async (folder) => {
      const run = script();
      drain(run.engine);
      const { writer, deaths, failures, events } = trialOf(folder, run, undefined, {
        workerUrl: new URL('./dying-writer.js', import.meta.url),
      });
      await writer.prepare();
      await writer.settle();
      const evaluated = writer.evaluations.length;
      expect(evaluated).toBe(4);
      deaths[DEATHS_WORD] = 2;
      run.end();
      const conclusion = await writer.finish();
      expect(failures).toHaveLength(2);
      expect(failures[0]).toMatch(/^The writer's thread died: /);
      expect(conclusion.unproven).toEqual([]);
      expect(conclusion.proven).toBe(inMemory(run).length);
      expect(
        new Set(writer.evaluations.map(({ symbol, timestampMs }) => `${symbol} ${timestampMs}`)).size,
      ).toBe(writer.evaluations.length);
      expect(lastOf(events())).toHaveLength(inMemory(run).length);
    }));

  it('is given up when its threads only die, and says why', () =>
    inFolder(async (folder) => {
      const run = script().end();
      const { writer, deaths, failures } = trialOf(folder, run, undefined, {
        workerUrl: new URL('./dying-writer.js', import.meta.url),
      });
      await writer.prepare();
      deaths[DEATHS_WORD] = 9;
      await expect(writer.finish()).rejects.toThrow();
      expect(failures).toHaveLength(3);
      await expect(writer.settle()).rejects.toThrow();
    }));
});
