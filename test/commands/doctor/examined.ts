/** Runs `tickshard doctor` on a server that behaves in some way. */
import { expect } from 'vitest';
import { istMs } from '../../../src/market/session.js';
import {
  accept,
  answer,
  hostileServer,
  loggedIn,
  type Handshake,
  type HostileServer,
  type Login,
} from '../../feed/hostile-server.js';
import { CREDENTIALS, SECRETS } from '../../feed/secrets.js';
import { inFolder } from '../../parquet/candles.js';
import { everythingIn, run } from '../../program/command.js';
import { ltpFrame } from '../../program/server.js';

export const env = {
  ANGEL_API_KEY: CREDENTIALS.apiKey,
  ANGEL_CLIENT_ID: CREDENTIALS.clientCode,
  ANGEL_PIN: CREDENTIALS.pin,
  ANGEL_TOTP_SECRET: CREDENTIALS.totpSecret,
};
const frame = ltpFrame({
  token: '2885',
  sequence: 1,
  timeMs: istMs('2026-11-23', '15:29'),
  pricePaise: 140_000,
});
export const serving = accept({ onRequest: (peer) => peer.ws!.send(frame) });

/** Answers a log-in at a time that differs from ours by `ms`. */
export const atAnotherTime =
  (ms: number, body: object): Login =>
  (request, text, response) =>
    answer(body, 200, { date: new Date(Date.now() + ms).toUTCString() })(request, text, response);

/** How the server behaves. */
export interface Behaviour {
  readonly login?: Login;
  readonly handshake?: Handshake;
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly observed: string;
  readonly remedy?: string;
}

/** Runs the doctor on a server that behaves so, and returns its checks by name. */
export async function examined(
  options: Behaviour & { env?: Record<string, string> },
): Promise<{ code: number | null; checks: Record<string, Check>; server: HostileServer }> {
  const server = await hostileServer();
  server.loginAnswers = [options.login ?? answer(loggedIn())];
  server.handshakes = [options.handshake ?? serving];
  return inFolder(async (folder) => {
    const { code, stdout, stderr } = await run(
      ['doctor', '--feed', server.url, '--json'],
      folder,
      options.env ?? env,
    );
    await server.close();
    expect(everythingIn(folder)).toEqual([]);
    // A port may happen to hold the digits of the PIN.
    for (const secret of SECRETS)
      expect((stdout + stderr).replace(/127\.0\.0\.1:\d+/g, '')).not.toContain(secret);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    return { code, checks: Object.fromEntries(checks.map((check) => [check.id, check])), server };
  });
}

/** Expects that the doctor finds this, and exits with 1: of each check, its status and a part of its text. */
export async function finds(
  _what: string,
  how: Behaviour,
  expected: Record<string, [string, RegExp]>,
): Promise<void> {
  const { code, checks } = await examined(how);
  for (const [id, [status, text]] of Object.entries(expected)) {
    expect(checks[id].status).toBe(status);
    expect(`${checks[id].observed} ${checks[id].remedy ?? ''}`).toMatch(text);
  }
  expect(code).toBe(1);
}
