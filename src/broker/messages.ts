/** Binary messages in place: one read of a socket, or a stretch of a journal. */

/** Maximum size of one read of the socket. */
export const READ_BYTES = 65_536;

/** Of a batch; a read of 64 KiB holds fewer of the shortest packet. */
const MAX_MESSAGES = 2048;

/** A view of the same memory. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export class MessageBatch {
  /** The buffer of the messages, and a view of it. */
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Start of each message in `bytes`, and its length, in turn. */
  readonly places = new Int32Array(2 * MAX_MESSAGES);
  count = 0;

  /** Starts an empty batch in other bytes. */
  within(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.count = 0;
  }

  /** Starts a batch of one message: all of `bytes`. */
  only(bytes: Uint8Array): void {
    this.within(bytes);
    this.add(0, bytes.length);
  }

  /** The message must lie in `bytes`, and the batch must have room. */
  add(start: number, length: number): void {
    const { count } = this;
    this.places[2 * count] = start;
    this.places[2 * count + 1] = length;
    this.count = count + 1;
  }

  get isFull(): boolean {
    return this.count === MAX_MESSAGES;
  }

  /** The bytes of message `k`, a slice. */
  slice(k: number): Uint8Array {
    const start = this.places[2 * k];
    return this.bytes.subarray(start, start + this.places[2 * k + 1]);
  }
}
