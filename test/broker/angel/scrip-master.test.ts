/** The broker's instrument file: what is kept and what is refused. */
import { describe, expect, it } from 'vitest';
import { readMaster, type ScripMaster } from '../../../src/broker/angel/scrip-master.js';
import { option, pieces, row } from './scrip-rows.js';

const read = (content: unknown, size = 7): Promise<ScripMaster> =>
  readMaster(
    pieces(Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)), size),
    'the file',
  );

const good = [
  row('RELIANCE-EQ', '2885'),
  row('RELIANCE-BL', '7'),
  row('NIFTYBEES-EQ', '10576', { tick_size: '1.000000' }),
  row('RELIANCE25NOV26FUT', '55', { exch_seg: 'NFO', instrumenttype: 'FUTSTK', name: 'RELIANCE' }),
  option(1),
];

describe('the instrument file', () => {
  it.each([1, 2, 3, 64, 1_000_000])('in pieces of %i bytes gives the same', async (size) => {
    const { listings, kept, rows, derivatives } = await read(good, size);
    expect([...listings.keys()]).toEqual(['RELIANCE', 'NIFTYBEES']);
    expect(listings.get('RELIANCE')).toEqual({
      symbol: 'RELIANCE',
      token: '2885',
      exchange: 'NSE',
      exchangeType: 1,
      tickSizeRupees: 0.1,
      derivatives: true,
    });
    expect(listings.get('NIFTYBEES')).toMatchObject({ tickSizeRupees: 0.01, derivatives: false });
    expect(kept.map(({ symbol }) => symbol)).toEqual(['RELIANCE-EQ', 'NIFTYBEES-EQ', 'RELIANCE25NOV26FUT']);
    expect([rows, derivatives]).toEqual([5, 1]);
  });

  it.each([
    ['pretty-printed with Windows line ends', JSON.stringify(good, null, 4).replaceAll('\n', '\r\n')],
    ['after a byte order mark', `\ufeff${JSON.stringify(good)}`],
    ['with an empty line at the end', `${JSON.stringify(good)}\n\n`],
  ])('%s is read the same', async (_what, text) => {
    expect((await read(text)).listings.get('RELIANCE')?.token).toBe('2885');
  });

  it('takes symbol and segment, and never another series, index, exchange or token form', async () => {
    const { listings } = await read([
      row('AAA-EQ', '1'),
      row('BBB-EQ', '2', { exch_seg: 'nse_cm' }),
      row('CCC-EQ', '3', { exch_seg: 'BSE' }),
      row('DDD-BE', '4'),
      row('Nifty 50', '99926000', { instrumenttype: 'AMXIDX' }),
      row('EEE-EQ', '0123'),
      row('FFF-EQ', '12x'),
      row('-EQ', '9'),
    ]);
    expect([...listings.keys()]).toEqual(['AAA', 'BBB']);
  });

  it('counts what is no row, and tick sizes that cannot be read', async () => {
    const master = await read([
      1,
      null,
      'x',
      [row('ZZZ-EQ', '5')],
      { token: 5, symbol: 'YYY-EQ' },
      row('AAA-EQ', '1', { tick_size: '' }),
      row('BBB-EQ', '2', { tick_size: '0.000000' }),
      row('CCC-EQ', '3', { tick_size: '-5' }),
      row('DDD-EQ', '4', { tick_size: '1e3' }),
      row('EEE-EQ', '5', { tick_size: '9'.repeat(400) }),
      row('FFF-EQ', '6', { tick_size: [{}] }),
      row('GGG-EQ', '7', { tick_size: JSON.parse('[{"toString":0}]') as unknown }),
      row('HHH-EQ', '8', { tick_size: ['5'] }),
    ]);
    expect(master.unreadable).toBe(5);
    expect(master.guessedTicks).toBe(8);
    expect([...master.listings.values()].every(({ tickSizeRupees }) => tickSizeRupees === 0.05)).toBe(true);
  });

  it('lists symbols that contradict each other apart, and the same row twice once', async () => {
    const { listings, conflicts } = await read([
      row('AAA-EQ', '1'),
      row('AAA-EQ', '2'),
      row('BBB-EQ', '3'),
      row('CCC-EQ', '3'),
      row('DDD-EQ', '4'),
      row('DDD-EQ', '4'),
    ]);
    expect([...listings.keys()]).toEqual(['DDD']);
    expect(Object.fromEntries(conflicts)).toEqual({
      AAA: 'AAA-EQ has two tokens, 1 and 2',
      BBB: 'BBB-EQ and CCC-EQ have the same token 3',
      CCC: 'BBB-EQ and CCC-EQ have the same token 3',
    });
  });

  it.each([
    ['cut off inside a row', JSON.stringify(good).slice(0, 200), /cut off after 200 bytes: fetch it again/],
    ['cut off between rows', `[${JSON.stringify(good[0])},`, /cut off/],
    ['an HTML page', '<html><body>Access denied</body></html>', /no JSON that can be read/],
    ['nothing', '', /is empty/],
    ['blank', ' \n', /cut off/],
    ['an object', { data: good }, /holds no list/],
    ['a text', '"RELIANCE"', /no cash equity/],
    ['an empty list', [], /no cash equity of NSE/],
    ['only other segments', [option(1), option(2)], /no cash equity of NSE/],
    ['followed by something', `${JSON.stringify(good)}{}`, /no JSON that can be read/],
    ['two lists', `${JSON.stringify(good)}${JSON.stringify(good)}`, /no JSON that can be read/],
    [
      'text that is no UTF-8',
      Buffer.concat([Buffer.from('[{"a":'), Buffer.from([0xff, 0xfe])]).toString('latin1'),
      /no JSON|cut off/,
    ],
  ])('%s is refused in one sentence', async (_what, content, sentence) => {
    const error = await read(content).then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error?.message).toMatch(sentence);
    expect(error?.message).toMatch(/^the file /);
  });

  // The fuzzer found the first: 300 bytes of memory for each of the file's.
  it.each([
    ['nested without end', (): string => '['.repeat(1000)],
    ['a text without end', (k: number): string => (k === 0 ? '[{"token":"' : '9'.repeat(1000))],
    [
      'a row of ever more columns',
      (k: number): string => (k === 0 ? '[{' : `"k${k}":"${'x'.repeat(1000)}",`),
    ],
    ['an object of ever more', (k: number): string => (k === 0 ? '{' : `"k${k}":[],`.repeat(100))],
  ])('%s is refused as soon as it is larger than any row', async (_what, piece) => {
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let k = 0; ; k++) {
        await Promise.resolve();
        const bytes = Buffer.from(piece(k));
        taken += bytes.length;
        yield bytes;
      }
    }
    await expect(readMaster(endless(), 'the file')).rejects.toThrow(
      /^the file is not the broker's instrument file: it (has a row of more than 65536 bytes|holds no list)\.$/,
    );
    expect(taken).toBeLessThan(70_000);
  });
});
