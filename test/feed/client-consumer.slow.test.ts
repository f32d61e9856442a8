/**
 * A mistake of the consumer is no fault of the network: it ends the program, loudly, and is never answered with a
 * reconnect.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { accept, hostileServer, refuse, type HostileServer } from './hostile-server.js';

let server: HostileServer;
beforeEach(async () => {
  server = await hostileServer();
});
afterEach(() => server.close());

const program = fileURLToPath(new URL('./throwing-consumer.js', import.meta.url));

it.each(['opened', 'subscribed', 'binary', 'text', 'closed', 'failed'])('thrown in `%s`', async (name) => {
  const lively = accept({
    then: ({ ws }) => {
      ws!.send(Buffer.alloc(51));
      ws!.send('pong');
    },
    onRequest: ({ ws }) => {
      if (name === 'closed' || name === 'failed') ws!.close(1001);
    },
  });
  server.handshakes = name === 'failed' ? [lively, refuse(401)] : [lively];
  const child = spawn(process.execPath, [program, server.url, name], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => void child.on('close', resolve));
  expect(stderr).toContain(`TypeError: the consumer's own mistake in ${name}`);
  expect(code).toBe(1);
  expect(server.peers).toHaveLength(name === 'failed' ? 3 : 1);
});
