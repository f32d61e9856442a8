/** Journals that somebody else wrote, taken in. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BlockBuilder } from '../../src/journal/blocks.js';
import { readFinalCandles } from '../../src/candles/read-candles.js';
import { KIND, segmentHeader } from '../../src/journal/format.js';
import { givenEntry } from '../../src/journal/meta.js';
import { MAIN } from '../../src/memory/layout.js';
import { readJournalSummary, readJournalHead, JournalSource } from '../../src/ingest/journal-source.js';
import { frame } from '../shard/schedule.js';
import { metaSample } from '../fuzz/targets/meta.js';
import { at, drain, INSTRUMENTS, wiredOf } from '../shard/drive.js';
import { inFolder } from '../parquet/candles.js';

const stamp = { connection: 1, monoMs: 0, wallMs: at('11:00'), marketMs: at('11:00') };

/** A journal of one block, which `fill` fills. */
async function journalWith(folder: string, fill: (block: BlockBuilder) => void): Promise<void> {
  const builder = new BlockBuilder(0);
  builder.open(stamp);
  fill(builder);
  const { bytes, length } = builder.take(Buffer.alloc(0));
  await writeFile(
    join(folder, '000001.journal'),
    Buffer.concat([
      segmentHeader({ runId: 'run-1', number: 1, firstBlock: 0, wallMs: 0 }),
      bytes.subarray(0, length),
    ]),
  );
}

it('a block of more frames than a ring holds is refused in a sentence', () =>
  inFolder(async (folder) => {
    const { exchangeType, token } = INSTRUMENTS[0];
    await journalWith(folder, (block) => {
      for (let k = 1; k <= 40_000; k++)
        block.frame(
          frame({
            mode: 1,
            exchangeType,
            token,
            sequence: BigInt(k),
            price: 100n,
            volume: 0n,
            exchangeMs: BigInt(at('11:00')),
            lastTradeSeconds: 0n,
          }),
        );
    });
    const { engine, intake } = wiredOf(1, 1);
    await expect(new JournalSource({ folder, engine, intake }).run()).rejects.toMatchObject({
      code: 'JOURNAL',
      message: `${folder} holds a block of more frames than any run writes into one: it is no journal of ours.`,
    });
  }));

it('what it says of a connection is shown without codes that a terminal obeys', () =>
  inFolder(async (folder) => {
    const end = {
      connection: 1,
      cause: 'closed',
      code: 1000,
      reason: '\u001b[2Jgone',
      sentence: 'It\u0007 ended.',
      livedMs: 5,
    };
    await journalWith(folder, (block) => {
      block.put(KIND.meta, Buffer.from(JSON.stringify(metaSample)));
      block.put(KIND.opened, Buffer.alloc(0));
      block.put(KIND.ended, Buffer.from(JSON.stringify(end)));
      // Candles of what is no instrument of the run.
      block.put(KIND.given, Buffer.concat([Buffer.from('__proto__\0'), Buffer.alloc(16)]));
    });
    const { connections, given } = await readJournalSummary(folder);
    expect(connections[1]).toMatchObject({ ended: { reason: ' [2Jgone', sentence: 'It  ended.' } });
    expect(Object.getPrototypeOf(given)).toBe(Object.prototype);
  }));

it.each([
  ['by name', ['RELIANCE', 'BSE:RELIANCE'], ['NSE', 'BSE'], { RELIANCE: 1, 'BSE:RELIANCE': 2 }],
  ['by symbol alone, as versions before wrote them', ['RELIANCE'], ['BSE', 'NSE'], { RELIANCE: 1 }],
  ['by symbol alone, of the only one that has it', ['RELIANCE'], ['BSE'], { 'BSE:RELIANCE': 1 }],
])("earlier candles are each instrument's own: %s", (_, written, exchanges, expected) =>
  inFolder(async (folder) => {
    const [one] = metaSample.instruments;
    const instruments = exchanges.map((exchange, index) => ({
      ...{ ...one, index, exchange, exchangeType: exchange === 'NSE' ? 1 : 3, token: `${2885 + index}` },
    }));
    const sessions = instruments.map(() => metaSample.sessions[0]);
    await journalWith(folder, (block) => {
      block.put(KIND.meta, Buffer.from(JSON.stringify({ ...metaSample, instruments, sessions })));
      for (const [k, name] of written.entries())
        block.put(KIND.given, givenEntry(name, Float64Array.of(k + 1, 0, 0, 0, 0, 0)));
    });
    const { given } = await readJournalSummary(folder);
    expect(Object.fromEntries(Object.entries(given).map(([name, [first]]) => [name, first]))).toEqual(
      expected,
    );
  }),
);

it('its beginning is read for itself, and the rest with the frames: together they are what a reading of all says', () =>
  inFolder(async (folder) => {
    const { exchangeType, token } = INSTRUMENTS[0];
    const given = Buffer.concat([Buffer.from(`${metaSample.instruments[0].symbol}\0`), Buffer.alloc(48)]);
    const blocks: ((block: BlockBuilder) => void)[] = [
      (block) => block.put(KIND.meta, Buffer.from(JSON.stringify(metaSample))),
      (block) => block.put(KIND.given, given),
      (block) => block.put(KIND.opened, Buffer.alloc(0)),
      (block) => block.put(KIND.subscribed, Buffer.alloc(0)),
      ...Array.from(
        { length: 1500 },
        (_, k) => (block: BlockBuilder) =>
          block.frame(
            frame({
              mode: 1,
              exchangeType,
              token,
              sequence: BigInt(k + 1),
              price: 100n,
              volume: 0n,
              exchangeMs: BigInt(at('11:00')),
              lastTradeSeconds: 0n,
            }),
          ),
      ),
      (block) => block.put(KIND.end, Buffer.alloc(0)),
      (block) => block.put(KIND.sum, Buffer.from('{"candles":"x"}')),
    ];
    await journalWith(folder, (block) => {
      for (const [k, fill] of blocks.entries()) {
        if (k > 0) block.open({ ...stamp, monoMs: k });
        fill(block);
      }
    });
    const head = await readJournalHead(folder);
    expect(head).toMatchObject({
      frames: 0,
      ended: undefined,
      sum: undefined,
      connections: [{ opened: { monoMs: 2 } }],
      extent: { blocks: 3 },
    });
    expect(Object.keys(head.given)).toEqual([metaSample.instruments[0].symbol]);
    const { engine, intake } = wiredOf(1, 1);
    const feed = new JournalSource({ folder, engine, intake });
    const about = await feed.run();
    expect(about).toEqual(await readJournalSummary(folder));
    expect(about).toMatchObject({ frames: 1500, ended: { monoMs: 1504 }, sum: { candles: 'x' } });
    expect(engine.memories[0].i32[MAIN.tail], 'all is shown at the end').toBeGreaterThanOrEqual(1500);
  }));

it.each<[string, readonly number[], string]>([
  ['that the session does not have', [at('08:00')], 'that its run does not have, or has twice'],
  ['twice', [at('11:02'), at('11:02')], 'that its run does not have, or has twice'],
])('a polled minute %s is refused in a sentence', (_what, minutes, why) =>
  inFolder(async (folder) => {
    await journalWith(folder, (block) => {
      block.put(KIND.meta, Buffer.from(JSON.stringify(metaSample)));
      block.put(KIND.end, Buffer.alloc(0));
      for (const minute of minutes) block.numbers(KIND.polled, [0, minute, 100, 110, 90, 105, 7, 2]);
    });
    const { engine, intake } = wiredOf(1, 1);
    await expect(new JournalSource({ folder, engine, intake }).run()).rejects.toMatchObject({
      code: 'JOURNAL',
      message: `${folder} holds a polled minute ${why}; name the journal of another run.`,
    });
  }),
);

it('a polled minute is in memory after END, and the summary counts it', () =>
  inFolder(async (folder) => {
    await journalWith(folder, (block) => {
      block.put(KIND.meta, Buffer.from(JSON.stringify(metaSample)));
      block.put(KIND.end, Buffer.alloc(0));
      block.numbers(KIND.polled, [0, at('11:02'), 100, 110, 90, 105, 7, 2]);
    });
    const { engine, intake } = wiredOf(1, 1);
    expect(await new JournalSource({ folder, engine, intake }).run()).toMatchObject({ polled: 1 });
    drain(engine);
    const place = engine.places[0];
    expect(readFinalCandles(engine.memories[0], place)).toMatchObject([
      {
        candle: { timestampMs: at('11:02'), open: 1, close: 1.05, volume: 7 },
        quality: { source: 'polled' },
      },
    ]);
  }));
