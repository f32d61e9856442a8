/** Where a SmartAPI server is: its feed and, on the same host, its log-in (docs/protocol.md 1 and 2), and whose certificates it is known by. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EngineError, sentenceOf } from '../../errors.js';

export interface Endpoint {
  readonly feedUrl: string;
  readonly loginUrl: string;
  /** Whether the server is on this machine. */
  readonly loopback: boolean;
  /** Certificates (PEM) that are trusted in place of the public ones; undefined: the public ones. */
  readonly ca: string | undefined;
}

const LOGIN_PATH = '/rest/auth/angelbroking/user/v1/loginByPassword';
const FEED_PATH = '/smart-stream';

/** The broker itself. */
export const LIVE_ENDPOINT: Endpoint = {
  feedUrl: `wss://smartapisocket.angelone.in${FEED_PATH}`,
  loginUrl: `https://apiconnect.angelone.in${LOGIN_PATH}`,
  loopback: false,
  ca: undefined,
};

/** Whether a URL's host name is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Reads the URL of `--feed`. Unencrypted `ws:` is for this machine only. Throws EngineError USAGE in one sentence, which never repeats
 * what may be a secret in it.
 */
export function feedEndpoint(text: string, ca?: string): Endpoint {
  if (!URL.canParse(text))
    throw new EngineError('USAGE', '--feed is no URL that can be read, e.g. ws://127.0.0.1:8080.');
  const url = new URL(text);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw new EngineError('USAGE', `--feed takes a ws: or wss: URL, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new EngineError(
      'USAGE',
      '--feed takes a URL without user, password or query: credentials belong in the environment, a URL ends up in logs.',
    );
  }
  const loopback = isLoopback(url.hostname);
  if (url.protocol === 'ws:' && !loopback)
    throw new EngineError(
      'USAGE',
      `--feed ws://${url.hostname} would send tokens unencrypted: use wss:; ws: is for this machine only.`,
    );
  if (url.protocol === 'ws:' && ca !== undefined)
    throw new EngineError('USAGE', '--ca belongs to a wss: URL: over ws: no certificate is shown.');
  const path = url.pathname === '/' ? FEED_PATH : url.pathname;
  return {
    feedUrl: `${url.protocol}//${url.host}${path}`,
    loginUrl: `${url.protocol === 'ws:' ? 'http:' : 'https:'}//${url.host}${LOGIN_PATH}`,
    loopback,
    ca,
  };
}

/** The certificates of `--ca FILE` as PEM text. Throws EngineError CONFIG when there are none or one cannot be read. */
export function readCertificates(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new EngineError('CONFIG', `--ca ${path} cannot be read (${sentenceOf(error)}).`);
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw new EngineError(
      'CONFIG',
      `--ca ${path} holds a private key: name the file with the certificate alone.`,
    );
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0)
    throw new EngineError(
      'CONFIG',
      `--ca ${path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).`,
    );
  blocks.forEach((block, index) => {
    try {
      new X509Certificate(block);
    } catch {
      throw new EngineError(
        'CONFIG',
        `--ca ${path}: certificate ${index + 1} of ${blocks.length} is damaged.`,
      ); // Whatever OpenSSL says of it helps nobody.
    }
  });
  return blocks.join('\n');
}

/**
 * What an error of TLS says of the server's certificate, one clause; undefined when the error is about something else. Codes are those
 * of Node's `tls` ("X509 certificate error codes").
 */
export function certificateFault(code: string): string | undefined {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return "the server's certificate has expired, or this machine's clock is wrong";
    case 'CERT_NOT_YET_VALID':
      return "the server's certificate is not valid yet, or this machine's clock is wrong";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return "the server's certificate is for another host name";
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return "the server's certificate is signed by nobody that is trusted here (a proxy that reads along, or a private server: --ca FILE for its certificate)";
    default:
      return /^(CERT_|CRL_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|UNABLE_TO_(GET|DECRYPT|DECODE)_|ERROR_IN_CERT_)/.test(
        code,
      )
        ? `the server's certificate is not accepted (${code})`
        : undefined;
  }
}
