import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Packet } from '../../../src/market/packet.js';
import { decode } from '../../../src/broker/angel/frames.js';
import { floatText, packetJson } from '../../../src/broker/angel/frame-json.js';
import { holds, seedsOf } from '../../volume.js';
import { bytesOf, valid } from './vectors.js';

describe('floatText', () => {
  // Right column: what Python 3 prints for repr(x).
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-12.5, '-12.5'],
    [224305, '224305.0'],
    [0.1, '0.1'],
    [0.0001, '0.0001'],
    [0.00012345, '0.00012345'],
    [0.00001, '1e-05'],
    [0.000012345, '1.2345e-05'],
    [123456789.125, '123456789.125'],
    [1234567890123456, '1234567890123456.0'],
    [9999999999999998, '9999999999999998.0'],
    [9007199254740992, '9007199254740992.0'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [12345678901234567890, '1.2345678901234567e+19'],
    [1e21, '1e+21'],
    [-1e21, '-1e+21'],
    [1e22, '1e+22'],
    [1e100, '1e+100'],
    [5e-324, '5e-324'],
    [1e-310, '1e-310'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [NaN, 'nan'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
  ])('%d is %s', (value, text) => {
    expect(floatText(value)).toBe(text);
  });

  it.each(seedsOf(20261123))('reads back as the same double (seed %i)', (seed) =>
    holds(
      'doubles',
      seed,
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = floatText(value);
        expect(Object.is(Number(text), value)).toBe(true);
        expect(text).toMatch(/^-?(\d+\.\d+|\d(\.\d+)?e[+-]\d{2,3})$/);
      }),
    ),
  );
});

describe('packetJson', () => {
  it('has the fields in the order of the wire and is plain JSON', () => {
    const packet = new Packet();
    for (const vector of valid) {
      decode(bytesOf(vector), packet);
      expect(JSON.stringify(packetJson(packet))).toBe(JSON.stringify(vector.expect));
    }
  });
});
