/** A broker that repeats every secret it knows wherever it can, and the search for them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unpackedByDocument } from '../journal/unpacked-by-document.js';
import {
  accept,
  answer,
  hostileServer,
  type Handshake,
  type HostileServer,
  type Login,
} from '../feed/hostile-server.js';
import { ltpFrame } from '../program/server.js';

/**
 * The planted secrets: easy to find, and useless. The PIN is matched as a word, so that no time or count
 * matches.
 */
export const PLANTED = {
  apiKey: 'Pl4ntedApiKey',
  clientCode: 'Q918273',
  pin: '8357',
  totpSecret: 'PLANTEDTOTPSECRETPLANTEDTOTPSEC2',
  jwtToken: 'eyJhbGciOiJIUzUxMiJ9.planted-jwt-claims.planted-jwt-signature',
  refreshToken: 'planted-refresh-token-without-any-form',
  feedToken: 'planted-feed-token-without-any-form',
} as const;

export const ENV = {
  ANGEL_API_KEY: PLANTED.apiKey,
  ANGEL_CLIENT_ID: PLANTED.clientCode,
  ANGEL_PIN: PLANTED.pin,
  ANGEL_TOTP_SECRET: PLANTED.totpSecret,
};

/** Parts of tokens that give them away. */
const PARTS = ['planted-jwt', 'planted-refresh', 'planted-feed'];

/** The secrets that this server knows, with the one-time passwords it received. */
function knownTo(server: HostileServer): string[] {
  return [
    ...Object.values(PLANTED),
    ...server.logins.map(({ body }) => (JSON.parse(body) as { totp: string }).totp),
  ];
}

/** The search terms: those secrets and their parts. */
export function secretsOf(server: HostileServer): string[] {
  return [...knownTo(server), ...PARTS];
}

const everything = (server: HostileServer): string =>
  [...knownTo(server), ...server.logins.flatMap(({ body, headers }) => [body, JSON.stringify(headers)])].join(
    ' ; ',
  );

/** All of it in one header line. */
const inHeader = (server: HostileServer): string => everything(server).replace(/[^\x20-\x7e]/g, '');

export const tokens = {
  jwtToken: PLANTED.jwtToken,
  refreshToken: PLANTED.refreshToken,
  feedToken: PLANTED.feedToken,
};
export const granted: Login = answer({ status: true, message: 'SUCCESS', errorcode: '', data: tokens });

/** Answers a log-in with all secrets in every place of an answer. */
export const loginEcho =
  (server: () => HostileServer, status: number, shape: 'status' | 'success' | 'html'): Login =>
  (_request, _body, response) => {
    const all = everything(server());
    response.writeHead(status, inHeader(server()).slice(0, 500), {
      'x-error-message': inHeader(server()),
      location: `http://127.0.0.1/?${encodeURIComponent(all)}`,
      'set-cookie': inHeader(server()),
    });
    if (shape === 'html') response.end(`<html><title>${all}</title><body>rate ${all}</body></html>`);
    // Each secret comes first once, so that being cut off at the end does not protect it.
    else
      response.end(
        JSON.stringify({ [shape]: false, message: all, errorcode: all, errorCode: all, data: tokens }),
      );
  };

/** Refuses a handshake with all secrets in status line, headers and body. */
export const handshakeEcho =
  (server: () => HostileServer, status: number): Handshake =>
  ({ socket }) => {
    const all = inHeader(server());
    socket.end(
      `HTTP/1.1 ${status} ${all.slice(0, 300)}\r\nx-error-message: ${all}\r\nlocation: ws://127.0.0.1/?${encodeURIComponent(all)}\r\ncontent-length: ${all.length}\r\n\r\n${all}`,
    );
  };

/** Opens, then closes with one secret after the other as the reason. */
export const closeEcho = (server: () => HostileServer): Handshake => {
  let turn = 0;
  return accept({
    onRequest: ({ ws }) => {
      const secrets = knownTo(server());
      ws!.close(4000, `no room for ${secrets[turn++ % secrets.length]} here`);
    },
  });
};

/** JSON with every character of the strings escaped, as a server may write it. */
const escaped = (text: string): string =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

/** Sends ticks of RELIANCE, and texts that repeat every secret in each form. */
export const textEcho = (
  server: () => HostileServer,
  options: { errors: boolean; originMs: number; speed: number },
): Handshake =>
  accept({
    onRequest: ({ ws }) => {
      const from = performance.now();
      let sequence = 0;
      const timer = setInterval(() => {
        const marketMs = options.originMs + (performance.now() - from) * options.speed;
        ws!.send(
          ltpFrame({
            token: '2885',
            sequence: ++sequence,
            timeMs: Math.floor(marketMs / 1000) * 1000,
            pricePaise: 140_000 + (sequence % 50),
          }),
        );
      }, 20);
      ws!.on('close', () => clearInterval(timer));
      for (const secret of knownTo(server())) {
        ws!.send(secret);
        ws!.send(JSON.stringify({ note: secret }));
        // Binary messages go to the journal as received: as garbage, in parts, as a binary error message, as a
        // packet's token.
        ws!.send(Buffer.from(`${secret}\0${secret.toUpperCase()}`));
        ws!.send(
          Buffer.from(JSON.stringify({ errorCode: 'E1001', errorMessage: encodeURIComponent(secret) })),
        );
        if (secret.length > 16) ws!.send(Buffer.from(`${secret.slice(4)} ${secret.slice(0, -4)}`));
        ws!.send(ltpFrame({ token: secret.slice(0, 25), sequence, timeMs: options.originMs, pricePaise: 1 }));
        if (!options.errors) continue;
        ws!.send(
          JSON.stringify({
            correlationID: secret,
            errorCode: secret,
            errorMessage: `${secret} and ${secret.toLowerCase()}`,
          }),
        );
        ws!.send(
          `{"errorCode":"E1001","errorMessage":"${escaped(secret)}","correlationID":"${escaped(secret)}"}`,
        );
        // One across the place where long messages are cut.
        ws!.send(JSON.stringify({ errorCode: 'E1001', errorMessage: `${'x'.repeat(250)}${secret}` }));
      }
    },
  });

export async function echoServer(): Promise<HostileServer> {
  const server = await hostileServer();
  server.loginAnswers = [granted];
  return server;
}

/** The secret as a word: adjacent digits or letters make it another word. */
function pattern(secret: string): RegExp {
  return new RegExp(`(?<![0-9A-Za-z.])${secret.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&')}(?![0-9A-Za-z])`, 'i');
}

/** Where any of `secrets` is in the named texts, as `place: secret`. */
export function found(texts: Readonly<Record<string, string>>, secrets: readonly string[]): string[] {
  return Object.entries(texts).flatMap(([place, text]) =>
    secrets
      .filter(
        (secret) =>
          pattern(secret).test(text) ||
          (secret.length > 8 && text.toLowerCase().includes(secret.toLowerCase())),
      )
      .map((secret) => `${place}: ${secret}`),
  );
}

/** Every file below `folder` as text, and all file names as one more. */
export function contentsOf(folder: string, except: readonly string[]): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !except.includes(name),
  );
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return {
    'names of files': names.join('\n'),
    ...Object.fromEntries(files.map((name) => [name, textOf(join(folder, name))])),
  };
}

/** A compacted segment as the raw one. */
function textOf(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith('.packed') ? unpackedByDocument(bytes) : bytes).toString('latin1');
}
