/**
 * Records, inside the program but without its code, the binary messages that its feed sockets receive. Of all sockets
 * only these have `onread`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NaivePacket } from '../naive.js';
import { imported } from './pause.js';

const FILE = 'wire.json';

/** Environment in which the program leaves what its sockets received in its folder when it exits. */
export function tapped(): Record<string, string> {
  return imported(`
    const { default: net } = await import('node:net');
    const { syncBuiltinESMExports } = await import('node:module');
    const { writeFileSync } = await import('node:fs');
    const sockets = [];
    const { connect } = net;
    net.connect = (options, ...more) => {
      const { onread } = options;
      if (onread === undefined) return connect(options, ...more);
      const chunks = [];
      sockets.push(chunks);
      const callback = function (size, bytes) {
        chunks.push(Buffer.from(bytes.subarray(0, size)).toString('latin1'));
        return onread.callback.call(this, size, bytes);
      };
      return connect({ ...options, onread: { ...onread, callback } }, ...more);
    };
    syncBuiltinESMExports();
    process.on('exit', () => writeFileSync('${FILE}', JSON.stringify(sockets.map((chunks) => chunks.join('')))));`);
}

/** The binary messages of a WebSocket's server, unmasked and whole frames each, as the simulated broker sends them. */
function binaryMessages(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = bytes.indexOf('\r\n\r\n') + 4; at + 2 <= bytes.length;) {
    const short = bytes[at + 1];
    const extra = short < 126 ? 0 : short === 126 ? 2 : 8;
    const length =
      extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    const from = at + 2 + extra;
    if (from + length > bytes.length) break; // The program closed in the middle of it.
    if ((bytes[at] & 0x0f) === 2) messages.push(bytes.subarray(from, from + length));
    at = from + length;
  }
  return messages;
}

/** The packets of all feed connections of a run in `folder`, in order. */
export function packetsIn(folder: string): NaivePacket[] {
  const sockets = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as string[];
  const feeds = sockets.filter((text) => text.startsWith('HTTP/1.1 101'));
  return feeds.flatMap((text, index) =>
    binaryMessages(Buffer.from(text, 'latin1')).map((bytes) => ({
      bytes,
      connection: index + 1,
      // The simulated broker answers each subscription with a cached packet at once.
      marketMsSinceSubscribe: 0,
      realMsSinceSubscribe: 0,
    })),
  );
}
