import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELD, MODE, Packet, TOKEN_BYTES } from '../../../src/market/packet.js';
import { decode, encode, FRAME_LENGTH, looksLikePacket } from '../../../src/broker/angel/frames.js';
import { packetJson } from '../../../src/broker/angel/frame-json.js';
import { holds, seedsOf } from '../../volume.js';
import { bytesOf, malformed, valid } from './vectors.js';

const MODES = [MODE.ltp, MODE.quote, MODE.snapquote] as const;
const LENGTHS = [
  0, 1, 2, 26, 27, 50, 51, 52, 102, 122, 123, 124, 174, 378, 379, 380, 442, 443, 444, 453, 4096, 65_536,
];

/** What a frame of ours looks like after its way through a packet: the bytes after a NUL in the token are gone. */
function withoutJunk(frame: Uint8Array): Buffer {
  const clean = Buffer.from(frame);
  const nul = clean.subarray(2, 27).indexOf(0);
  if (nul >= 0) clean.fill(0, 2 + nul, 27);
  return clean;
}

/** A NaN keeps its payload only by luck: any operation of the language may replace it by another NaN. */
function withPlainNaN(frame: Buffer): Buffer {
  const plain = Buffer.from(frame);
  if (plain[0] === MODE.ltp) return plain;
  for (const at of [75, 83]) if (Number.isNaN(plain.readDoubleLE(at))) plain.writeDoubleLE(NaN, at);
  return plain;
}

/** The whole packet through DataView and BigInt: a second decoder that shares nothing with the first. */
function plainly(frame: Uint8Array): Record<string, unknown> {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const mode = view.getUint8(0);
  const int64 = (at: number, count: number): bigint[] =>
    Array.from({ length: count }, (_, i) => view.getBigInt64(at + 8 * i, true));
  const rows = <T>(at: number, count: number, size: number, read: (at: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => read(at + size * i));
  const common = {
    mode,
    exchange: view.getUint8(1),
    token: Buffer.from(frame).toString('latin1', 2, 27).split('\0')[0],
  };
  const ltp = { ...common, head: int64(27, 3) };
  if (mode === MODE.ltp) return ltp;
  const totals = [view.getFloat64(75, true), view.getFloat64(83, true)];
  const quote = { ...ltp, traded: int64(51, 3), totals, day: int64(91, 4) };
  if (mode === MODE.quote) return quote;
  const row = (at: number): (number | bigint)[] => [
    view.getInt16(at, true),
    ...int64(at + 2, 2),
    view.getInt16(at + 18, true),
  ];
  return { ...quote, trade: int64(123, 3), best: rows(147, 10, 20, row), bands: int64(347, 4) };
}

/** The packet in the shape of `plainly`. */
function ofPacket(packet: Packet): Record<string, unknown> {
  const { mode, bestWords } = packet;
  const fields = (first: number, count: number): bigint[] =>
    Array.from(
      { length: count },
      (_, i) =>
        (BigInt(packet.words[2 * (first + i) + 1]) << 32n) | BigInt(packet.words[2 * (first + i)] >>> 0),
    );
  const common = {
    mode,
    exchange: packet.exchangeType,
    token: Buffer.from(packet.token.subarray(0, packet.tokenLength)).toString('latin1'),
  };
  const ltp = { ...common, head: fields(FIELD.sequence, 3) };
  if (mode === MODE.ltp) return ltp;
  const totals = [packet.totalBuyQuantity, packet.totalSellQuantity];
  const quote = { ...ltp, traded: fields(FIELD.lastQuantity, 3), totals, day: fields(FIELD.dayOpen, 4) };
  if (mode === MODE.quote) return quote;
  const whole = (word: number): bigint =>
    (BigInt(bestWords[word + 1]) << 32n) | BigInt(bestWords[word] >>> 0);
  const best = Array.from({ length: 10 }, (_, row) => [
    packet.bestFlag[row],
    whole(4 * row),
    whole(4 * row + 2),
    packet.bestOrders[row],
  ]);
  return { ...quote, trade: fields(FIELD.lastTradeSeconds, 3), best, bands: fields(FIELD.upperCircuit, 4) };
}

/**
 * Any frame of right length: digit tokens, tokens of any bytes, int64 extremes and doubles of every kind among random
 * bytes.
 */
const anyFrame = fc
  .record({
    mode: fc.constantFrom(...MODES),
    noise: fc.uint8Array({ minLength: 379, maxLength: 379, size: 'max' }),
    token: fc.oneof(
      fc.stringMatching(/^[0-9]{0,25}$/).map((text) => Buffer.from(text)),
      fc.uint8Array({ minLength: 0, maxLength: TOKEN_BYTES }),
    ),
    patches: fc.array(
      fc.record({
        at: fc.nat({ max: 370 }),
        bytes: fc.oneof(
          fc
            .constantFrom(
              0n,
              -1n,
              1n,
              2n ** 53n + 1n,
              2n ** 63n - 1n,
              -(2n ** 63n),
              2n ** 31n,
              -(2n ** 31n),
              2n ** 32n,
            )
            .map(int64Bytes),
          fc.double().map(doubleBytes),
        ),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ mode, noise, token, patches }) => {
    const frame = Buffer.from(noise.subarray(0, FRAME_LENGTH[mode]));
    for (const { at, bytes } of patches) if (at + 8 <= frame.length) bytes.copy(frame, at);
    frame.fill(0, 2, 27);
    Buffer.from(token).copy(frame, 2);
    frame[0] = mode;
    return frame;
  });

function int64Bytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

describe('the vectors', () => {
  it('are all there', () => {
    expect(valid.length).toBeGreaterThanOrEqual(225);
    expect(malformed.length).toBeGreaterThanOrEqual(41);
    expect(new Set(valid.map(({ mode }) => mode))).toEqual(new Set(MODES));
  });

  // One scratch for all of them, as in production: what a frame leaves in it must not show in the next.
  const packet = new Packet();
  it.each(valid)('$id $category: $note', (vector) => {
    expect(decode(bytesOf(vector), packet)).toBeUndefined();
    expect(packetJson(packet)).toEqual(vector.expect);
  });

  it.each(valid)('$id becomes the same bytes again', (vector) => {
    const frame = bytesOf(vector);
    const again = Buffer.alloc(frame.length, 0xaa);
    decode(frame, packet);
    expect(encode(packet, again)).toBe(frame.length);
    expect(again.toString('hex')).toBe(withoutJunk(frame).toString('hex'));
  });

  it.each(malformed.filter(({ kind }) => kind === 'binary'))('$id is refused: $note', (vector) => {
    const frame = bytesOf(vector);
    const known = MODES.some((mode) => mode === frame[0]);
    expect(decode(frame, new Packet())).toBe(frame.length === 0 || known ? 'length' : 'mode');
  });

  it.each(malformed.filter(({ kind }) => kind === 'text'))(
    '$id is refused even if it came as binary: $note',
    (vector) => {
      expect(decode(bytesOf(vector), new Packet())).toBeDefined();
    },
  );
});

describe('decode', () => {
  it.each(seedsOf(20261123))(
    'agrees with a plain decoder on any frame of right length, wherever it lies (seed %i)',
    async (seed) => {
      const packet = new Packet();
      await holds(
        'frames',
        seed,
        fc.property(anyFrame, fc.nat({ max: 9 }), (frame, offset) => {
          const home = new Uint8Array(frame.length + 20).fill(0xff);
          home.set(frame, offset);
          expect(decode(home.subarray(offset, offset + frame.length), packet)).toBeUndefined();
          expect(ofPacket(packet)).toEqual(plainly(frame));
        }),
      );
    },
  );

  it.each(seedsOf(20261124))(
    'decodes or refuses any bytes, throws for none and refuses without a trace (seed %i)',
    async (seed) => {
      const packet = new Packet();
      packet.mode = 77;
      const lengths = fc.oneof(fc.constantFrom(...LENGTHS), fc.nat({ max: 1000 }));
      const anyBytes = fc.oneof(
        fc.uint8Array({ maxLength: 1000, size: 'max' }),
        fc
          .tuple(lengths, fc.integer({ min: 0, max: 6 }), fc.nat({ max: 255 }))
          .map(([length, mode, fill]) => {
            const bytes = new Uint8Array(length).fill(fill);
            if (length > 0) bytes[0] = mode;
            return bytes;
          }),
      );
      await holds(
        'frames of any bytes',
        seed,
        fc.property(anyBytes, (bytes) => {
          const mode = MODES.find((known) => known === bytes[0]);
          const before = packetJson(packet);
          const refusal = decode(bytes, packet);
          if (bytes.length === 0) expect(refusal).toBe('length');
          else if (mode === undefined) expect(refusal).toBe('mode');
          else expect(refusal).toBe(bytes.length === FRAME_LENGTH[mode] ? undefined : 'length');
          if (refusal !== undefined) expect(packetJson(packet)).toEqual(before);
        }),
      );
    },
  );

  it.each(LENGTHS)('knows every first byte at %i bytes', (length) => {
    const bytes = new Uint8Array(length);
    for (let first = 0; first < 256; first++) {
      if (length > 0) bytes[0] = first;
      const fits = MODES.some((mode) => mode === bytes[0] && FRAME_LENGTH[mode] === length);
      expect(decode(bytes, new Packet()) === undefined).toBe(fits);
    }
  });

  it('knows packets by mode and length together', () => {
    for (const [mode, length] of [
      [1, 51],
      [2, 123],
      [3, 379],
    ]) {
      expect(looksLikePacket(Buffer.alloc(length + 7, mode), 7, length)).toBe(true);
      for (const [otherMode, otherLength] of [
        [mode, length - 1],
        [mode, length + 1],
        [mode, 2 * length],
        [mode + 1, length],
        [0, length],
      ])
        expect(
          looksLikePacket(Buffer.alloc(otherLength, otherMode), 0, otherLength),
          `${otherMode} ${otherLength}`,
        ).toBe(false);
    }
    expect(looksLikePacket(Buffer.alloc(443, 4), 0, 443)).toBe(false);
    expect(looksLikePacket(Buffer.alloc(0), 0, 0)).toBe(false);
  });

  it('refuses the withdrawn mode 4 as unknown, whatever its length', () => {
    for (const length of LENGTHS.filter((one) => one > 0))
      expect(decode(new Uint8Array(length).fill(4, 0, 1), new Packet())).toBe('mode');
  });

  it('refuses a huge message at once', () => {
    const huge = new Uint8Array(256 * 1024 * 1024);
    huge[0] = MODE.ltp;
    expect(decode(huge, new Packet())).toBe('length');
  });

  it.each([
    ['', -1],
    ['0', -1],
    ['1', 1],
    ['2885', 2885],
    ['02885', -1],
    ['99926000', 99926000],
    ['2147483648', 2147483648],
    ['999999999999999', 999999999999999],
    ['1000000000000000', -1],
    ['1234567890123456789012345', -1],
    [' 2885', -1],
    ['28x85', -1],
    ['2885/', -1],
    ['2885:', -1],
    ['-2885', -1],
  ])('the number of token %j is %i', (token, number) => {
    const frame = Buffer.alloc(51);
    frame[0] = MODE.ltp;
    frame.write(token, 2, 'latin1');
    const packet = new Packet();
    decode(frame, packet);
    expect(packet.tokenNumber).toBe(number);
    expect(packet.tokenText()).toBe(token);
    packet.setToken(token);
    expect(packet.tokenNumber).toBe(number);
  });

  it('forgets a longer token of the frame before', () => {
    const packet = new Packet();
    const frame = Buffer.alloc(51);
    frame[0] = MODE.ltp;
    frame.write('12345678', 2);
    decode(frame, packet);
    frame.fill(0, 2, 27).write('25', 2);
    decode(frame, packet);
    expect([packet.tokenText(), packet.tokenNumber]).toEqual(['25', 25]);
    encode(packet, frame);
    expect(frame.toString('latin1', 2, 27)).toBe('25'.padEnd(25, '\0'));
  });
});

describe('encode', () => {
  it.each(seedsOf(20261125))('gives back the bytes that were decoded (seed %i)', async (seed) => {
    const packet = new Packet();
    await holds(
      'frames',
      seed,
      fc.property(anyFrame, fc.nat({ max: 9 }), (frame, offset) => {
        decode(frame, packet);
        const target = Buffer.alloc(frame.length + 10, 0xaa);
        expect(encode(packet, target, offset)).toBe(frame.length);
        const written = target.subarray(offset, offset + frame.length);
        expect(withPlainNaN(written).equals(withPlainNaN(withoutJunk(frame)))).toBe(true);
        const around = [...target.subarray(0, offset), ...target.subarray(offset + frame.length)];
        expect(around.every((byte) => byte === 0xaa)).toBe(true);
      }),
    );
  });

  it('keeps every bit of the OI change, a NaN of any payload too', () => {
    const packet = new Packet();
    const frame = Buffer.alloc(FRAME_LENGTH[MODE.snapquote]);
    frame[0] = MODE.snapquote;
    for (const bits of [0x7ff0000000000001n, 0x7ff8dead0000beefn, 0xfff0000000000001n, 0xffffffffffffffffn]) {
      frame.writeBigUInt64LE(bits, 139);
      decode(frame, packet);
      const again = Buffer.alloc(frame.length);
      encode(packet, again);
      expect(again.readBigUInt64LE(139)).toBe(bits);
    }
  });

  it('says where a programmer went wrong', () => {
    const packet = new Packet();
    expect(() => encode(packet, new Uint8Array(500))).toThrow(RangeError);
    for (const mode of [4, 5]) {
      packet.mode = mode;
      expect(() => encode(packet, new Uint8Array(500))).toThrow(RangeError);
    }
    packet.mode = MODE.ltp;
    const shortest = FRAME_LENGTH[MODE.ltp];
    expect(encode(packet, new Uint8Array(shortest))).toBe(shortest);
    expect(() => encode(packet, new Uint8Array(shortest - 1))).toThrow(RangeError);
    expect(() => encode(packet, new Uint8Array(shortest), 1)).toThrow(RangeError);
    expect(() => encode(packet, new Uint8Array(500), -1)).toThrow(RangeError);
    expect(() => encode(packet, new Uint8Array(500), 0.5)).toThrow(RangeError);
    packet.setToken('28\0' + '85');
    expect(() => encode(packet, new Uint8Array(500))).toThrow(RangeError);
    packet.tokenLength = TOKEN_BYTES + 1;
    expect(() => encode(packet, new Uint8Array(500))).toThrow(RangeError);
  });
});
