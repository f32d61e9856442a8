/** A server of instrument files, and the folders that `tickshard instruments` writes. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { istDate } from '../../src/market/session.js';
import { niftyFifty } from '../../src/run/universe.js';
import { option, row, type Row } from '../broker/angel/scrip-rows.js';

const nifty = (): Row[] => [
  ...niftyFifty().map(({ symbol, token, tickSizeRupees }) =>
    row(`${symbol}-EQ`, token, { tick_size: (tickSizeRupees * 100).toFixed(6) }),
  ),
  ...niftyFifty().map(({ symbol }, k) =>
    row(`${symbol}25NOV26FUT`, String(50_000 + k), {
      name: symbol,
      exch_seg: 'NFO',
      instrumenttype: 'FUTSTK',
    }),
  ),
];
export const contents: Record<string, unknown> = {
  good: [...Array.from({ length: 500 }, (_, k) => option(k)), ...nifty(), row('NEWCO-EQ', '424242')],
  wrong: nifty()
    .map((one) => (one['symbol'] === 'TCS-EQ' ? { ...one, token: '1' } : one))
    .filter(({ symbol }) => symbol !== 'WIPRO-EQ'),
  html: '<html>',
};
export const folderOf = (folder: string): string => join(folder, 'data/test/instruments');
export const fileOf = (folder: string, daysAgo = 0): string =>
  join(folderOf(folder), `OpenAPIScripMaster-${istDate(Date.now() - daysAgo * 86_400_000)}.json`);

/** Serves `contents` by name. Returns the server and its address. */
export async function instrumentServer(): Promise<{ readonly base: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const content = contents[(request.url ?? '').slice(1)];
    if (content === undefined) response.writeHead(404).end();
    else response.end(typeof content === 'string' ? content : JSON.stringify(content));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
