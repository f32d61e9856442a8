/**
 * Faults of frames against the same market without them: which frames are struck, what is sent instead, and in
 * which order.
 */
import { describe, expect, it } from 'vitest';
import { FIELD } from '../../../src/market/packet.js';
import { Client } from '../client.js';
import { firstOf, slow } from '../../tier.js';
import {
  heardWith,
  hexOf,
  listener,
  MM,
  packetOf,
  RELIANCE,
  secondOf,
  START_MS,
  TCS,
  faultlessPackets,
  withFaults,
} from './scene.js';

const UNTIL = 40;
/** Market seconds during which the faults of these tests are on. */
const [FROM, TO] = [10, 25];
const ON = `at=${FROM},for=${TO - FROM}`;

const sent = faultlessPackets(UNTIL).map(({ frame }) => Buffer.from(frame));
const tokenOf = (frame: Uint8Array): string => packetOf(frame).tokenText();
const isOn = (frame: Uint8Array): boolean => secondOf(frame) >= FROM && secondOf(frame) < TO;
const struckOf = (every = 1, token?: string): Buffer[] =>
  sent
    .filter((frame) => isOn(frame) && (token === undefined || tokenOf(frame) === token))
    .filter((_, k) => k % every === 0);

/** What is received if each frame of `struck` is replaced. */
function replaced(struck: readonly Buffer[], by: (frame: Buffer) => readonly Uint8Array[]): string[] {
  const set = new Set(struck);
  return hexOf(sent.flatMap((frame) => (set.has(frame) ? by(frame) : [frame])));
}

it('the market of these tests sends enough before, within and after the window', () => {
  const [before, within, after] = [
    sent.filter((frame) => secondOf(frame) < FROM),
    sent.filter(isOn),
    sent.filter((frame) => secondOf(frame) >= TO),
  ];
  for (const part of [before, within, after]) expect(part.length).toBeGreaterThan(50);
  expect(new Set(within.map(tokenOf))).toStrictEqual(new Set([RELIANCE, TCS, MM]));
});

describe('without a fault that is on', () => {
  it.each([
    [[]],
    [
      [
        'drop:at=80000',
        'fragments:at=80000',
        'late:at=80000',
        'joined:at=80000',
        'clock:at=80000',
        'mute:at=80000',
        'pong-lost:at=80000',
      ],
    ],
  ])('the client hears what the market sends (%j)', async (texts) => {
    const { frames, strikes } = await heardWith(texts, UNTIL, 10);
    expect(hexOf(frames)).toStrictEqual(hexOf(sent));
    // Without faults none is reported.
    expect(strikes).toStrictEqual(
      texts.length === 0
        ? undefined
        : texts.map((fault) => ({ fault, strikes: 0, first: null, firstMs: null, last: null, lastMs: null })),
    );
  });
});

describe('a fault of packets', () => {
  const zeroPrice = (frame: Buffer): Buffer[] => [with8(frame, 43, 0n)];
  const zeroTime = (frame: Buffer): Buffer[] => [with8(with8(frame, 35, 0n), 123, 0n)];
  const half = (frame: Buffer): Buffer[] => [with8(frame, 67, frame.readBigInt64LE(67) / 2n)];
  const shifted =
    (minutes: bigint) =>
    (frame: Buffer): Buffer[] => [
      with8(
        with8(frame, 35, frame.readBigInt64LE(35) + minutes * 60_000n),
        123,
        frame.readBigInt64LE(123) + minutes * 60n,
      ),
    ];

  function with8(frame: Buffer, at: number, value: bigint): Buffer {
    const changed = Buffer.from(frame);
    changed.writeBigInt64LE(value, at);
    return changed;
  }

  it.each([
    ['duplicate', 'every=1', struckOf(), (frame: Buffer) => [frame, frame]],
    ['duplicate', '', struckOf(5), (frame: Buffer) => [frame, frame]],
    ['duplicate', 'every=2,times=7', struckOf(2).slice(0, 7), (frame: Buffer) => [frame, frame]],
    ['duplicate', `symbol=TCS,every=3`, struckOf(3, TCS), (frame: Buffer) => [frame, frame]],
    ['zero-price', 'every=4', struckOf(4), zeroPrice],
    ['zero-time', 'every=4', struckOf(4), zeroTime],
    ['volume-falls', 'every=4', struckOf(4), half],
    ['clock', 'minutes=5', struckOf(), shifted(5n)],
    ['clock', 'minutes=-5,symbol=RELIANCE', struckOf(1, RELIANCE), shifted(-5n)],
  ])('%s:%s strikes just the frames that it should', async (name, more, struck, by) => {
    const { frames, strikes } = await heardWith([`${name}:${ON}${more === '' ? '' : `,${more}`}`], UNTIL, 10);
    expect(hexOf(frames)).toStrictEqual(replaced(struck, by));
    const times = struck.map((frame) => START_MS + 1000 * secondOf(frame));
    expect(strikes[0]).toMatchObject({ strikes: struck.length, firstMs: times[0], lastMs: times.at(-1) });
  });

  slow('strikes the same however the market is stepped, and each of several takes its part', async () => {
    const faults = [
      `reorder:${ON}`,
      `duplicate:${ON},every=2`,
      `zero-price:${ON},every=7`,
      `truncated:${ON},every=11`,
      `garbage:${ON},every=13`,
    ];
    const once = await heardWith(faults, UNTIL);
    const often = await heardWith(faults, UNTIL, 0.5);
    expect(hexOf(often.frames)).toStrictEqual(hexOf(once.frames));
    expect(often.strikes).toStrictEqual(once.strikes);
    expect(once.strikes.every(({ strikes }) => strikes > 5)).toBe(true);
  });

  it('late delays every packet by its time, in order, and releases the rest when it ends', () =>
    withFaults([`late:${ON},by=5`], async (scene) => {
      const client = await listener(scene.broker);
      const expectUntil = async (second: number, lastSecond: number): Promise<void> => {
        await scene.to(second, client);
        expect(hexOf(client.frames)).toStrictEqual(
          hexOf(sent.filter((frame) => secondOf(frame) < lastSecond)),
        );
      };
      await expectUntil(9.999, 10);
      await expectUntil(14.9, 10);
      // A packet of second s comes with second s + 5.
      await expectUntil(15, 11);
      await expectUntil(18.5, 14);
      await expectUntil(24.9, 20);
      await expectUntil(25, 25);
      await expectUntil(39.999, 40);
    }));

  it('late packets come after the punctual ones of their new second', async () => {
    const { frames, strikes } = await heardWith([`late:${ON},by=5,every=4`], UNTIL, 10);
    const struck = new Set(struckOf(4));
    const due = (frame: Buffer): number =>
      struck.has(frame) ? Math.min(TO, secondOf(frame) + 5) - 0.5 : secondOf(frame);
    expect(hexOf(frames)).toStrictEqual(hexOf([...sent].sort((a, b) => due(a) - due(b))));
    expect(strikes[0].strikes).toBe(struck.size);
  });

  it('reorder delays packets by no more than it says', async () => {
    const { frames } = await heardWith([`reorder:${ON},within=3`], UNTIL, 10);
    expect(hexOf(frames).sort()).toStrictEqual(hexOf(sent).sort());
    const seconds = frames.map(secondOf);
    let newest = 0;
    const delays = seconds.map((second) => (newest = Math.max(newest, second)) - second);
    expect(Math.max(...delays)).toBe(2);
    expect(delays.filter((seconds) => seconds > 0).length).toBeGreaterThan(15);
    expect(seconds.filter((second, k) => delays[k] > 0 && (second < FROM || second >= TO))).toStrictEqual([]);
  });
});

describe('a fault of frames', () => {
  const error = Buffer.from(
    JSON.stringify({ correlationID: '', errorCode: 'E1001', errorMessage: 'Invalid Request Payload.' }),
  );
  const oversized =
    (bytes: number) =>
    (frame: Buffer): Buffer[] => [Buffer.concat([frame, Buffer.alloc(bytes - frame.length)])];
  const modeNine = (frame: Buffer): Buffer[] => [Buffer.concat([Buffer.of(9), frame.subarray(1)])];

  it.each([
    ['oversize', 'every=3', struckOf(3), oversized(1000)],
    ['oversize', 'every=9,bytes=70000', struckOf(9), oversized(70_000)],
    ['unknown-mode', 'every=3', struckOf(3), modeNine],
    ['unknown-mode', 'every=2,symbol=M&M,times=2', struckOf(2, MM).slice(0, 2), modeNine],
    ['error-as-binary', 'every=3', struckOf(3), (frame: Buffer) => [error, frame]],
  ])('%s:%s makes of frames what it says', async (name, more, struck, by) => {
    const { frames, strikes } = await heardWith([`${name}:${ON},${more}`], UNTIL, 10);
    expect(hexOf(frames)).toStrictEqual(replaced(struck, by));
    expect(strikes[0].strikes).toBe(struck.length);
  });

  it('truncated cuts frames somewhere, the same places for the same seed', async () => {
    const { frames } = await heardWith([`truncated:${ON},every=1`], UNTIL, 10);
    const cut = frames.filter((frame) => frame.length < 379);
    expect(frames.length).toBe(sent.length);
    for (const [k, frame] of frames.entries()) {
      expect(frame.length < 379).toBe(isOn(sent[k]));
      expect(frame.length).toBeGreaterThan(0);
      expect(sent[k].subarray(0, frame.length).equals(frame)).toBe(true);
    }
    expect(new Set(cut.map(({ length }) => length)).size).toBeGreaterThan(20);
    expect(hexOf((await heardWith([`truncated:${ON},every=1`], UNTIL)).frames)).toStrictEqual(hexOf(frames));
  });

  it('garbage comes before frames, and is not a frame', async () => {
    const { frames } = await heardWith([`garbage:${ON},every=1`], UNTIL, 10);
    const hexes = new Set(hexOf(sent));
    expect(hexOf(frames.filter((frame) => hexes.has(frame.toString('hex'))))).toStrictEqual(hexOf(sent));
    const garbage = frames.filter((frame) => !hexes.has(frame.toString('hex')));
    expect(garbage.length).toBe(struckOf().length);
    expect(garbage.every((bytes) => bytes[0] >= 0x80 && bytes.length <= 400)).toBe(true);
    expect(new Set(hexOf(garbage)).size).toBeGreaterThan(garbage.length - 5);
    expect(frames.findIndex((frame) => !hexes.has(frame.toString('hex')))).toBe(sent.findIndex(isOn));
  });

  it('joined sends two frames in one message', async () => {
    const { frames, strikes } = await heardWith([`joined:${ON},every=2`], UNTIL, 10);
    expect(Buffer.concat(frames).equals(Buffer.concat(sent))).toBe(true);
    const joined = frames.filter(({ length }) => length !== 379);
    expect(joined.every(({ length }) => length === 758)).toBe(true);
    expect(joined.length).toBe(strikes[0].strikes);
    expect(joined.length).toBeGreaterThan(15);
    expect(joined.every((frame) => isOn(frame.subarray(0, 379)))).toBe(true);
  });

  it('strikes each mode and each connection', () =>
    withFaults([`unknown-mode:${ON},every=1`], async (scene) => {
      const clients = [await listener(scene.broker, 'A1', 1), await listener(scene.broker, 'B2', 2)];
      await scene.to(UNTIL, ...clients);
      for (const client of clients)
        expect(client.frames.filter((frame) => frame[0] === 9).length).toBe(struckOf().length);
    }));
});

describe('frames are shared', () => {
  it.each(firstOf(2, ['unknown-mode', 'oversize', 'truncated', 'garbage', 'fragments']))(
    '%s strikes one connection and leaves the same frame of another whole',
    (name) =>
      withFaults([`${name}:${ON},every=2`], async (scene) => {
        // Of two clients with the same frames, every second frame goes to the first client.
        const clients = [await listener(scene.broker, 'A1'), await listener(scene.broker, 'B2')];
        await scene.to(UNTIL, ...clients);
        expect((await scene.strikes())[0].strikes).toBeGreaterThan(20);
        expect(hexOf(clients[1].frames)).toStrictEqual(hexOf(sent));
        if (name !== 'fragments') expect(hexOf(clients[0].frames)).not.toStrictEqual(hexOf(sent));
      }),
  );
});

describe('what subscriptions are answered with', () => {
  async function cachedWith(
    text: string,
    second: number,
    token: string,
  ): Promise<{ cached: Buffer; live: Buffer }> {
    let heard: Buffer[] = [];
    await withFaults([text], async (scene) => {
      await scene.to(second);
      const client = await Client.open(scene.broker);
      client.ask(1, 3, [token]);
      await client.settled();
      await scene.to(second + 5, client);
      heard = client.frames;
    });
    return { cached: heard[0], live: heard[1] };
  }

  it.each([
    ['stale-cache:hours=20', 5, RELIANCE, -20 * 3600, 0],
    ['stale-cache:hours=720,symbol=TCS', 0, TCS, -720 * 3600, 0],
    ['stale-cache:symbol=TCS', 5, RELIANCE, 0, 0],
    ['stale-cache:at=10,for=10', 9, RELIANCE, 0, 0],
    ['stale-cache:at=10,for=10', 10, RELIANCE, -20 * 3600, 0],
    ['stale-cache:at=10,for=10', 20, RELIANCE, 0, 0],
    ['clock:at=0,for=100,minutes=-5', 5, RELIANCE, -300, -300],
  ])('%s at %i', async (text, second, token, cachedOff, liveOff) => {
    const { cached, live } = await cachedWith(text, second, token);
    const plain = await cachedWith('drop:at=80000', second, token);
    expect(secondOf(cached) - secondOf(plain.cached)).toBe(cachedOff);
    expect(secondOf(live) - secondOf(plain.live)).toBe(liveOff);
    const tradeSecond = (frame: Buffer): number => packetOf(frame).number(FIELD.lastTradeSeconds);
    expect(tradeSecond(cached) - tradeSecond(plain.cached)).toBe(cachedOff);
  });
});
