/** Walks Thrift's compact protocol, Parquet's metadata format, without building objects. */

interface ThriftBounds {
  readonly structures: number;
  /** In all lists. */
  readonly elements: number;
  readonly depth: number;
}

/** The longest int64. */
const MAX_VARINT_BYTES = 10;

/** A position that moves over structures. */
export class ThriftWalker {
  readonly #bytes: Uint8Array;
  readonly #bounds: ThriftBounds;
  /** The next byte. */
  at: number;
  #structures = 0;
  #elements = 0;

  constructor(bytes: Uint8Array, at: number, bounds: ThriftBounds) {
    this.#bytes = bytes;
    this.at = at;
    this.#bounds = bounds;
  }

  /** Walks a structure. Throws an Error with a clause when it ends early or exceeds the bounds. */
  structure(depth = 0): void {
    if (++this.#structures > this.#bounds.structures || depth > this.#bounds.depth)
      throw new Error('its metadata is larger or deeper than any real one');
    for (;;) {
      const byte = this.byte();
      const type = byte & 0x0f;
      if (type === 0) return;
      if (byte >> 4 === 0) this.varint();
      this.#value(type, depth);
    }
  }

  /** Reads a varint as the library does: 32 bits, with a sign. */
  varint(): number {
    let result = 0;
    for (let length = 0; length < MAX_VARINT_BYTES; length++) {
      const byte = this.byte();
      result |= (byte & 0x7f) << (7 * length);
      if ((byte & 0x80) === 0) return result;
    }
    throw new Error('it has a number without an end');
  }

  byte(): number {
    if (this.at >= this.#bytes.length) throw new Error('it ends early');
    return this.#bytes[this.at++];
  }

  skip(bytes: number): void {
    if (bytes < 0 || bytes > this.#bytes.length - this.at)
      throw new Error('it has something longer than what is left');
    this.at += bytes;
  }

  #value(type: number, depth: number): void {
    switch (type) {
      case 1:
      case 2:
        return;
      case 3:
        return this.skip(1);
      case 4:
      case 5:
      case 6:
        return void this.varint();
      case 7:
        return this.skip(8);
      case 8:
        return this.skip(this.varint());
      case 9:
        return this.#list(depth);
      case 12:
        return this.structure(depth + 1);
      default:
        throw new Error('it has a kind of metadata that Parquet does not have');
    }
  }

  #list(depth: number): void {
    const head = this.byte();
    const size = head >> 4 === 15 ? this.varint() : head >> 4;
    if (size < 0 || size > this.#bytes.length - this.at)
      throw new Error('it has a list longer than what is left');
    this.#elements += size;
    if (this.#elements > this.#bounds.elements || depth > this.#bounds.depth)
      throw new Error('its metadata is larger or deeper than any real one');
    const type = head & 0x0f;
    for (let element = 0; element < size; element++)
      this.#value(type === 1 || type === 2 ? 3 : type, depth + 1);
  }
}
