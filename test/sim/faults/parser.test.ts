/** Faults as written on the command line, and the schedule of a seed. */
import { describe, expect, it } from 'vitest';
import { parse } from '../../../src/cli/parse.js';
import { COMMANDS } from '../../../src/commands/registry.js';
import { EngineError } from '../../../src/errors.js';
import { CATALOGUE, FAULT_NAMES, faultList } from '../../../src/sim/faults/catalogue.js';
import { chaosFaults } from '../../../src/sim/faults/chaos.js';
import { checkSymbols, parseFault } from '../../../src/sim/faults/fault.js';
import { DAMAGE } from '../../../src/sim/faults/frames.js';
import { REFUSAL } from '../../../src/sim/faults/handshakes.js';
import { MOMENT_FAULTS } from '../../../src/sim/faults/moments.js';
import { PACKET_FAULTS } from '../../../src/sim/faults/packets.js';
import { listed } from '../world.js';

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).exitCode).toBe(2);
    expect((error as EngineError).message).toMatch(/^--fault [^\n]*\.$/);
    return (error as EngineError).message;
  }
  throw new Error('taken');
}

describe('a fault', () => {
  it('has the presets of what is not said, and what is said', () => {
    expect(parseFault('drop')).toStrictEqual({
      name: 'drop',
      text: 'drop',
      values: { at: 90, for: 600, times: 1 },
    });
    expect(parseFault('clock:minutes=-5,at=0,symbol=M&M').values).toStrictEqual({
      at: 0,
      for: 60,
      times: Infinity,
      every: 1,
      symbol: 'M&M',
      minutes: -5,
    });
    expect(parseFault('slow-handshake:by=0.5').values).toMatchObject({ at: 0, by: 0.5 });
    expect(parseFault('refuse-401:reason=feed,times=2').values).toMatchObject({ reason: 'feed', times: 2 });
    expect(parseFault('burst').values).toMatchObject({ frames: 1_000_000 });
  });

  it.each([
    ['', /no fault is named ``: there are drop, close, .*fragments/],
    ['nope', /no fault is named `nope`/],
    ['toString', /no fault is named `toString`/],
    ['Drop', /no fault is named/],
    ['drop:', /drop takes at=, for= and times=, not ``/],
    ['drop:at', /not `at`/],
    ['drop:every=2', /drop takes at=, for= and times=, not `every=2`/],
    ['drop:toString=2', /not `toString=2`/],
    ['drop:at=5,at=6', /at is given twice/],
    [
      'drop:at=',
      /drop: at takes a whole number from 0 to 86400 \(market seconds after the market's start\), not ``/,
    ],
    ['drop:at=-1', /at takes a whole number from 0/],
    ['drop:at=1.5', /at takes a whole number/],
    ['drop:at=1e2', /at takes a whole number/],
    ['drop:at=0x10', /at takes a whole number/],
    ['drop:at=86401', /to 86400/],
    ['drop:for=0', /for takes a whole number from 1/],
    ['drop:times=0', /times takes/],
    ['mute:for=NaN', /for takes/],
    ['close:code=1006', /code takes .* not 1004 to 1006/],
    ['close:code=2000', /code takes/],
    ['clock:minutes=0', /minutes takes a whole number from -60 to 60, not 0/],
    ['refuse-401:reason=token', /reason takes auth, client, key, feed, not `token`/],
    ['mute-symbol:symbol=', /symbol takes the name of an instrument/],
    ['slow-handshake:by=0', /by takes a number from 0.1 to 600 \(real seconds\)/],
    ['burst:frames=0', /frames takes/],
    ['oversize:bytes=443', /bytes takes/],
  ])('%s is refused in one sentence that says what may be given', (text, expected) => {
    expect(refusal(() => parseFault(text))).toMatch(expected);
  });

  it('of a symbol that the market does not have is refused', () => {
    const listings = listed('RELIANCE', 'TCS');
    checkSymbols(
      [parseFault('mute-symbol:symbol=TCS'), parseFault('mute-symbol'), parseFault('drop')],
      listings,
    );
    expect(refusal(() => checkSymbols([parseFault('late:symbol=INFY')], listings))).toMatch(
      /late: symbol takes one of this market's names \(RELIANCE, TCS\), not `INFY`/,
    );
  });

  it('of every name can be given every argument at its preset and its bounds', () => {
    for (const name of FAULT_NAMES) {
      const { takes, does } = CATALOGUE[name];
      expect(does).toMatch(/^[a-z].*[^.]$/);
      for (const [key, argument] of Object.entries(takes)) {
        const texts =
          argument.kind === 'number'
            ? [argument.min, argument.max, ...(argument.preset === Infinity ? [] : [argument.preset])].map(
                String,
              )
            : argument.kind === 'word'
              ? argument.words
              : ['TCS'];
        for (const text of texts)
          expect(parseFault(`${name}:${key}=${text}`).values[key]).toBe(
            argument.kind === 'number' ? Number(text) : text,
          );
        expect(faultList()).toMatch(new RegExp(`^${name}: [^]*?^ {4}${key}= `, 'm'));
      }
    }
  });
});

describe('the command line', () => {
  const stage = '--ws-test-mode --stage 1 --duration 10';
  const read = (text: string): ReturnType<typeof parse> =>
    parse(text.split(' '), COMMANDS, { version: '1.2.3' });

  it('takes faults for the simulator, each as often as wanted', async () => {
    const faults = [
      { text: 'drop' },
      { text: 'drop:at=200' },
      ...chaosFaults(7).map(({ text }) => ({ text })),
    ];
    expect(await read(`${stage} --feed sim --fault drop --fault drop:at=200 --chaos 7`)).toMatchObject({
      name: 'run',
      options: { feed: { faults } },
    });
    expect(await read('simulate --fault drop --fault drop:at=200 --chaos 7')).toMatchObject({
      name: 'simulate',
      options: { faults },
    });
    expect(await read(`${stage} --feed sim`)).toMatchObject({ options: { feed: { faults: [] } } });
    expect(await read('simulate --faults')).toEqual({ kind: 'text', text: faultList() });
  });

  it.each([
    [`${stage} --fault drop`, /^--fault belongs to --feed sim; this feed is the live one/],
    [`${stage} --feed ws://127.0.0.1:1 --chaos 1`, /^--chaos belongs to --feed sim; this feed is a URL/],
    [`${stage} --feed sim --fault nope`, /^--fault takes NAME/],
    [`${stage} --feed sim --fault=`, /^--fault needs a value/],
    [`${stage} --feed sim --chaos x`, /^--chaos takes a whole number/],
    ['simulate --fault drop --fault close:code=1', /^--fault close: code takes/],
    ['simulate --chaos 1 --chaos 2', /^--chaos is given twice/],
    ['simulate --faults=all', /^--faults takes no value/],
  ])('refuses %s', async (text, expected) => {
    await expect(read(text)).rejects.toThrow(expected);
    await expect(read(text)).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 });
  });
});

describe('chaos', () => {
  const texts = (seed: number): string[] => chaosFaults(seed).map(({ text }) => text);

  it('is the same for the same seed and another for another', () => {
    for (let seed = 0; seed < 50; seed++) expect(texts(seed)).toStrictEqual(texts(seed));
    expect(new Set(Array.from({ length: 200 }, (_, seed) => texts(seed).join(' '))).size).toBe(200);
  });

  it('brings several faults of different kinds within 15 minutes, with pauses between', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 300; seed++) {
      const faults = chaosFaults(seed).map((fault) => ({
        ...fault,
        at: Number(fault.values['at']),
        for: Number(fault.values['for'] ?? 0),
      }));
      // A drop may accompany a fault that strikes at connecting, and may also be drawn itself.
      const names = faults.map(({ name }) => name).filter((name) => name !== 'drop');
      expect(new Set(names).size).toBe(names.length);
      expect(new Set(faults.map(({ at }) => at)).size).toBeGreaterThan(5);
      for (const name of names) seen.add(name);
      for (const [k, fault] of faults.entries()) {
        expect(fault.at).toBeGreaterThanOrEqual(30);
        expect(fault.at).toBeLessThan(840);
        const next = faults[k + 1];
        if (next !== undefined && next.at !== fault.at) expect(next.at - fault.at).toBeGreaterThanOrEqual(40);
        expect(parseFault(fault.text)).toStrictEqual(chaosFaults(seed)[k]);
      }
    }
    expect(FAULT_NAMES.filter((name) => !seen.has(name) && name !== 'drop')).toStrictEqual([
      'half-open',
      'refuse-403',
      'refuse-403-rate',
      'refuse-429',
      'quota',
      'unanswered',
    ]);
  });
});

/** Faults without a function of their own: a connection or the handshake asks for them by name. */
const ASKED_BY_NAME = [
  'slow-handshake',
  'quota',
  'unanswered',
  'mute',
  'mute-symbol',
  'pong-lost',
  'joined',
  'fragments',
];

it('every fault of the catalogue has exactly one implementation', () => {
  const implemented = [PACKET_FAULTS, DAMAGE, REFUSAL, MOMENT_FAULTS].flatMap((table) => Object.keys(table));
  expect([...implemented, ...ASKED_BY_NAME].sort()).toStrictEqual([...FAULT_NAMES].sort());
});
