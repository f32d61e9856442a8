/**
 * Decoding alone: `decode` into a scratch packet, compared with the obvious decoder (toString, BigInt, one object
 * each).
 *
 *   frames in memory ──► decode ─────────────► one scratch Packet ─┐
 *   (512 Buffers)    └─► Buffer, BigInt ──► a new object each ─────┴─► checksum          one thread, no input or output
 *
 * Both must give the same answers, compared frame by frame and by checksum, before any figure is taken.
 */
import { isDeepStrictEqual } from 'node:util';
import { FIELD, MODE, Packet, type ModeName } from '../src/market/packet.js';
import { seededRandom, type Random } from '../src/random.js';
import { decode, encode, FRAME_LENGTH } from '../src/broker/angel/frames.js';
import { inTurns, nsEach, rowOf, type Bench, type Row } from './row.js';

const SEED = 1;
const FRAMES = 512;
const MODES: readonly ModeName[] = ['ltp', 'quote', 'snapquote'];

interface BestRow {
  flag: number;
  quantity: bigint;
  price: bigint;
  orders: number;
}

/** What the loops read of it; the objects hold every field of their mode. */
interface Decoded {
  token: string;
  price: bigint;
}

/**
 * The obvious decoder, for comparison and as a second opinion on every field. The object of each mode is one literal:
 * with spreading a Quote took thirty times as long, which would have flattered us.
 */
function decodeObject(frame: Buffer): Decoded {
  switch (frame.readUInt8(0)) {
    case MODE.ltp:
      return {
        mode: frame.readUInt8(0),
        exchangeType: frame.readUInt8(1),
        token: tokenOf(frame),
        sequence: frame.readBigInt64LE(27),
        exchangeMs: frame.readBigInt64LE(35),
        price: frame.readBigInt64LE(43),
      } as Decoded;
    case MODE.quote:
      return {
        mode: frame.readUInt8(0),
        exchangeType: frame.readUInt8(1),
        token: tokenOf(frame),
        sequence: frame.readBigInt64LE(27),
        exchangeMs: frame.readBigInt64LE(35),
        price: frame.readBigInt64LE(43),
        lastQuantity: frame.readBigInt64LE(51),
        averagePrice: frame.readBigInt64LE(59),
        volume: frame.readBigInt64LE(67),
        totalBuyQuantity: frame.readDoubleLE(75),
        totalSellQuantity: frame.readDoubleLE(83),
        dayOpen: frame.readBigInt64LE(91),
        dayHigh: frame.readBigInt64LE(99),
        dayLow: frame.readBigInt64LE(107),
        previousClose: frame.readBigInt64LE(115),
      } as Decoded;
    default:
      return {
        mode: frame.readUInt8(0),
        exchangeType: frame.readUInt8(1),
        token: tokenOf(frame),
        sequence: frame.readBigInt64LE(27),
        exchangeMs: frame.readBigInt64LE(35),
        price: frame.readBigInt64LE(43),
        lastQuantity: frame.readBigInt64LE(51),
        averagePrice: frame.readBigInt64LE(59),
        volume: frame.readBigInt64LE(67),
        totalBuyQuantity: frame.readDoubleLE(75),
        totalSellQuantity: frame.readDoubleLE(83),
        dayOpen: frame.readBigInt64LE(91),
        dayHigh: frame.readBigInt64LE(99),
        dayLow: frame.readBigInt64LE(107),
        previousClose: frame.readBigInt64LE(115),
        lastTradeSeconds: frame.readBigInt64LE(123),
        openInterest: frame.readBigInt64LE(131),
        oiChangeBits: frame.readBigInt64LE(139),
        bestFive: bestFiveOf(frame),
        upperCircuit: frame.readBigInt64LE(347),
        lowerCircuit: frame.readBigInt64LE(355),
        high52Week: frame.readBigInt64LE(363),
        low52Week: frame.readBigInt64LE(371),
      } as Decoded;
  }
}

function tokenOf(frame: Buffer): string {
  return frame.toString('utf8', 2, 27).replace(/\0.*$/, '');
}

function bestFiveOf(frame: Buffer): BestRow[] {
  const rows: BestRow[] = [];
  for (let at = 147; at < 347; at += 20) {
    rows.push({
      flag: frame.readInt16LE(at),
      quantity: frame.readBigInt64LE(at + 2),
      price: frame.readBigInt64LE(at + 10),
      orders: frame.readInt16LE(at + 18),
    });
  }
  return rows;
}

/** The scratch in the shape of the object, to compare them. */
function asObject(packet: Packet): object {
  const fields = Object.keys(FIELD) as (keyof typeof FIELD)[];
  const last = {
    [MODE.ltp]: FIELD.price,
    [MODE.quote]: FIELD.previousClose,
    [MODE.snapquote]: FIELD.low52Week,
  }[packet.mode]!;
  const object: Record<string, unknown> = {
    mode: packet.mode,
    exchangeType: packet.exchangeType,
    token: packet.tokenText(),
  };
  for (const name of fields) if (FIELD[name] <= last) object[name] = packet.big(FIELD[name]);
  if (packet.mode === MODE.ltp) return object;
  object['totalBuyQuantity'] = packet.totalBuyQuantity;
  object['totalSellQuantity'] = packet.totalSellQuantity;
  if (packet.mode === MODE.quote) return object;
  const whole = (word: number): bigint =>
    (BigInt(packet.bestWords[word + 1]) << 32n) | BigInt(packet.bestWords[word] >>> 0);
  object['bestFive'] = Array.from({ length: 10 }, (_, row) => ({
    flag: packet.bestFlag[row],
    quantity: whole(4 * row),
    price: whole(4 * row + 2),
    orders: packet.bestOrders[row],
  }));
  return object;
}

/** Frames of a plausible market, each its own slice of one block as a socket read delivers them. */
function makeFrames(mode: ModeName, random: Random): Buffer[] {
  const length = FRAME_LENGTH[MODE[mode]];
  const block = Buffer.alloc(length * FRAMES);
  const packet = new Packet();
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const openMs = Date.UTC(2026, 10, 23, 3, 45);
  return Array.from({ length: FRAMES }, (_, index) => {
    packet.mode = MODE[mode];
    packet.exchangeType = 1;
    packet.setToken(String(10 + upTo(25_000)));
    for (const field of Object.values(FIELD)) packet.setNumber(field, 100_000 + upTo(5_000_000_000));
    packet.setNumber(FIELD.sequence, 12_000_000 + index);
    packet.setNumber(FIELD.exchangeMs, openMs + index * 1000);
    packet.setNumber(FIELD.price, 100_000 + upTo(300_000));
    packet.totalBuyQuantity = upTo(1_000_000);
    packet.totalSellQuantity = upTo(1_000_000);
    for (let row = 0; row < 10; row++) {
      packet.bestFlag[row] = row < 5 ? 1 : 0;
      packet.bestOrders[row] = 1 + upTo(300);
      packet.bestWords[4 * row] = upTo(10_000);
      packet.bestWords[4 * row + 2] = 100_000 + upTo(300_000);
    }
    encode(packet, block, index * length);
    return block.subarray(index * length, (index + 1) * length);
  });
}

function runScratch(frames: readonly Buffer[], count: number, packet: Packet): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    if (decode(frames[i % FRAMES], packet) !== undefined) throw new Error('a good frame was refused');
    sum = (Math.imul(sum, 31) + packet.number(FIELD.price) + packet.tokenLength) | 0;
  }
  return sum;
}

function runObject(frames: readonly Buffer[], count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const tick = decodeObject(frames[i % FRAMES]);
    sum = (Math.imul(sum, 31) + Number(tick.price) + tick.token.length) | 0;
  }
  return sum;
}

/** How many times faster than objects a mode must be. */
const TARGET = 8;

async function measure(mode: ModeName, smoke: boolean): Promise<Row> {
  const frames = makeFrames(mode, seededRandom(SEED));
  const packet = new Packet();
  for (const frame of frames) {
    decode(frame, packet);
    if (!isDeepStrictEqual(asObject(packet), decodeObject(frame)))
      throw new Error(`decode ${mode}: the decoders differ`);
  }
  const count = smoke ? 2 * FRAMES : 200_000;
  if (runScratch(frames, count, packet) !== runObject(frames, count))
    throw new Error(`decode ${mode}: the checksums differ`);
  const ns = await inTurns(smoke ? 3 : 15, {
    scratch: () => nsEach(count, () => void runScratch(frames, count, packet)),
    objects: () => nsEach(count, () => void runObject(frames, count)),
  });
  return rowOf({
    name: `decode ${mode}`,
    unit: 'ns/frame',
    values: ns.scratch,
    baseline: ns.objects,
    target: TARGET,
  });
}

export const decodeBench: Bench = {
  name: 'decode',
  topology:
    'frames -> decode -> one scratch -> checksum; compared with toString, BigInt and an object each; one thread',
  async run({ smoke }) {
    const rows: Row[] = [];
    for (const mode of MODES) rows.push(await measure(mode, smoke));
    return rows;
  },
};
