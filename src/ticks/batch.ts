/** Packets of one instrument in memory: their bytes and how they came, until they are written as rows. */
import type { FrameCodec } from '../broker/broker.js';
import type { Instrument } from '../market/instrument.js';
import { MODE, Packet, type ModeName } from '../market/packet.js';
import { bookOrder } from './book.js';
import type { TickRow } from './columns.js';

/** Offsets in a record: doubles, the connection, the frame. */
const AT = { received: 0, wall: 8, subscribed: 16, arrival: 24, connection: 32, frame: 40 } as const;

/** Bytes that a packet takes in memory, with a frame of `frameBytes`. */
export const recordBytes = (frameBytes: number): number => AT.frame + frameBytes;

/** Bytes of a frame of `mode`. */
export function frameBytesOf(codec: FrameCodec, mode: ModeName): number {
  const packet = new Packet();
  packet.mode = MODE[mode];
  return codec.encode(packet).length;
}

/** How a message came. */
export interface TickReceipt {
  readonly connection: number;
  readonly wallMs: number;
  readonly marketMs: number;
}

export function newTickRow(instrument: Instrument): TickRow {
  return {
    packet: new Packet(),
    instrument,
    receivedMs: 0,
    wallMs: 0,
    subscribedMs: 0,
    connection: 0,
    arrival: 0,
    book: new Uint8Array(10),
  };
}

/** At most `capacity` packets, all with frames of one length. */
export class PacketBatch {
  readonly instrument: Instrument;
  readonly #bytes: Buffer;
  readonly #frameBytes: number;
  readonly #capacity: number;
  count = 0;

  constructor(instrument: Instrument, capacity: number, frameBytes: number) {
    this.instrument = instrument;
    this.#capacity = capacity;
    this.#frameBytes = frameBytes;
    this.#bytes = Buffer.allocUnsafe(capacity * recordBytes(frameBytes));
  }

  get isFull(): boolean {
    return this.count === this.#capacity;
  }

  /** Copies the frame. The batch must not be full. `arrival`, `subscribedMs`: as in TickRow. */
  add(frame: Uint8Array, receipt: TickReceipt, arrival: number, subscribedMs: number): void {
    const at = this.count * recordBytes(this.#frameBytes);
    const bytes = this.#bytes;
    bytes.writeDoubleLE(receipt.marketMs, at + AT.received);
    bytes.writeDoubleLE(receipt.wallMs, at + AT.wall);
    bytes.writeDoubleLE(subscribedMs, at + AT.subscribed);
    bytes.writeDoubleLE(arrival, at + AT.arrival);
    bytes.writeUInt32LE(receipt.connection, at + AT.connection);
    bytes.set(frame, at + AT.frame);
    this.count++;
  }

  /** The packets in the order in which they were added, each in `row`, which is reused. */
  *rows(codec: FrameCodec, row: TickRow): Generator<TickRow, void> {
    const bytes = this.#bytes;
    row.instrument = this.instrument;
    for (let k = 0; k < this.count; k++) {
      const at = k * recordBytes(this.#frameBytes);
      codec.decode(bytes.subarray(at + AT.frame, at + AT.frame + this.#frameBytes), row.packet);
      row.receivedMs = bytes.readDoubleLE(at + AT.received);
      row.wallMs = bytes.readDoubleLE(at + AT.wall);
      row.subscribedMs = bytes.readDoubleLE(at + AT.subscribed);
      row.arrival = bytes.readDoubleLE(at + AT.arrival);
      row.connection = bytes.readUInt32LE(at + AT.connection);
      if (row.packet.mode === MODE.snapquote) bookOrder(row.packet, row.book);
      yield row;
    }
  }
}
