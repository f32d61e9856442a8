/**
 * `node capacity-day.js INSTRUMENTS MINUTES`: that many minutes of SnapQuote frames through the line, then all files by
 * the writer's thread: once with all rows, a few instruments at a time, and then, which is timed, with the last five
 * minutes of each, as a run stores them. Prints, as JSON, the memory that it took and the time of the write.
 */
import { Piscina } from 'piscina';
import { encode } from '../src/broker/angel/frames.js';
import { MessageBatch } from '../src/broker/messages.js';
import { monoMs } from '../src/clock.js';
import { FIELD, type Packet } from '../src/market/packet.js';
import { MINUTE_MS } from '../src/market/session.js';
import { STORED, STORED_SEALED } from '../src/memory/bar.js';
import { Shard } from '../src/shard/shard.js';
import { inFolder } from '../test/parquet/candles.js';
import { OPEN_MS, packetOf, subscribed, tokensOf } from './market.js';
import type { Sealed, SealTask } from './seal-writer.js';

export interface Capacity {
  /** Shared memory for a minute of an instrument. */
  readonly minuteBytes: number;
  /** MiB resident with the day in memory, and the most while files were written. */
  readonly filledMb: number;
  readonly writtenMb: number;
  readonly writeMs: number;
  readonly rows: number;
}

const FRAME_BYTES = 379;
const BOOK_ROWS = 10;
/** Packets of an instrument in a minute: ms after its start. */
const AT_MS = [5000, 35_000];
const MB = 2 ** 20;
const STORE_MINUTES = 5;

const [instruments, minutes] = process.argv.slice(2).map(Number);
const tokens = tokensOf(instruments);
const packets = tokens.map((token) => packetOf(token, 'snapquote'));
const { engine, intake, arrival } = subscribed(tokens, 1, { mode: 'snapquote' });
const shard = new Shard(engine.memories[0]);
const frame = Buffer.alloc(FRAME_BYTES);
const messages = new MessageBatch();
messages.within(frame);
messages.add(0, FRAME_BYTES);

/** Packet `k` of the day, of the instrument whose packet it is. */
function setPacket(packet: Packet, k: number, exchangeMs: number): void {
  const price = 100_000 + (k % 97);
  packet.setNumber(FIELD.sequence, k + 1);
  packet.setNumber(FIELD.exchangeMs, exchangeMs);
  packet.setNumber(FIELD.lastTradeSeconds, exchangeMs / 1000);
  packet.setNumber(FIELD.price, price);
  packet.setNumber(FIELD.lastQuantity, 1 + (k % 7));
  packet.setNumber(FIELD.averagePrice, 100_040);
  packet.setNumber(FIELD.volume, 10 * (Math.floor(k / instruments) + 1));
  packet.setNumber(FIELD.dayOpen, 100_010);
  packet.setNumber(FIELD.dayHigh, 100_096);
  packet.setNumber(FIELD.dayLow, 100_000);
  packet.setNumber(FIELD.openInterest, 5_000_000 + (k % 11));
  packet.setNumber(FIELD.upperCircuit, 110_000);
  packet.setNumber(FIELD.lowerCircuit, 90_000);
  for (let row = 0; row < BOOK_ROWS; row++) packet.bestFlag[row] = row < BOOK_ROWS / 2 ? 1 : 0;
}

const rssMb = (): number => process.memoryUsage.rss() / MB;

let sent = 0;
for (let minute = 0; minute < minutes; minute++) {
  for (const afterMs of AT_MS) {
    const marketMs = OPEN_MS + minute * MINUTE_MS + afterMs;
    arrival.marketMs = marketMs;
    arrival.monoMs = monoMs();
    for (const [k, packet] of packets.entries()) {
      setPacket(packet, sent++, marketMs);
      encode(packet, frame);
      intake.batch(messages, arrival);
      if (k % 500 !== 499 && k < packets.length - 1) continue;
      engine.router.publish();
      while (shard.step(monoMs, 4096) > 0);
    }
  }
}
const filledMb = rssMb();
let writtenMb = filledMb;
const watch = setInterval(() => (writtenMb = Math.max(writtenMb, rssMb())), 100);
const { shape, buffer } = engine.memories[0];
const { ms: writeMs, rows } = await inFolder(async (outDir) => {
  const writer = new Piscina({
    filename: new URL('./seal-writer.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  try {
    const task: SealTask = { shape, buffer, places: engine.places, outDir, encoder: 'parquetjs' };
    await writer.run({ ...task, together: 4 } satisfies SealTask);
    return (await writer.run({ ...task, from: minutes - 1 - STORE_MINUTES } satisfies SealTask)) as Sealed;
  } finally {
    await writer.destroy();
  }
});
clearInterval(watch);
const minuteBytes = 4 * (STORED.size + STORED_SEALED.size) + 2;
process.stdout.write(JSON.stringify({ minuteBytes, filledMb, writtenMb, writeMs, rows } satisfies Capacity));
