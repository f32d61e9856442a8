/** Downloads the instrument file: no log-in, no secret, certificates checked. */
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Clock, Timer } from '../../clock.js';
import { EngineError, sentenceOf } from '../../errors.js';
import { certificateFault } from '../../text/certificate-fault.js';
import { isLoopback } from '../../text/loopback.js';

/** docs/protocol.md 9. */
export const MASTER_URL = 'https://margincalculator.angelone.in/OpenAPI_File/files/OpenAPIScripMaster.json';

/** Real ms without a byte. */
const SILENCE_MS = 30_000;
/** Bytes of text: ten times the file's reported size. */
const LARGEST = 1 << 30;
const MAX_REDIRECTS = 3;

export interface DownloadOptions {
  /** PEM, trusted in place of the public ones. */
  readonly ca: string | undefined;
  readonly clock: Clock;
  readonly silenceMs?: number;
  readonly largest?: number;
}

const fail = (sentence: string): EngineError => new EngineError('CONNECT', sentence, { retryable: true });

function urlOf(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined; // The caller says what is wrong with it.
  }
}

/** Encrypted, or on this machine. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/**
 * Reads a URL to download from; `http:` is for this machine only. Throws EngineError USAGE, which repeats no possible
 * secret.
 */
export function downloadUrl(text: string): URL {
  const url = urlOf(text);
  if (url === undefined)
    throw new EngineError(
      'USAGE',
      '--from is no URL that can be read, e.g. https://host/OpenAPIScripMaster.json.',
    );
  if (!isPrivate(url))
    throw new EngineError(
      'USAGE',
      `${url.protocol}//${url.hostname} is no place to download from: https:, or http: on this machine.`,
    );
  if (url.username !== '' || url.password !== '')
    throw new EngineError('USAGE', '--from takes a URL without user and password.');
  return url;
}

/** Resolves with the answer's head. */
function ask(url: URL, { ca }: DownloadOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const options = {
    agent: false,
    signal,
    headers: { accept: 'application/json', 'accept-encoding': 'gzip, identity', 'user-agent': 'tickshard' },
  };
  return new Promise((resolve, reject) => {
    // Explicit: NODE_TLS_REJECT_UNAUTHORIZED=0 would change the default.
    const request =
      url.protocol === 'https:'
        ? requestSecure(url, { ...options, rejectUnauthorized: true, ca })
        : requestPlain(url, options);
    request.on('response', resolve).on('error', reject).end();
  });
}

/** Follows redirects, which never lead from https: to http:. */
async function answerOf(first: URL, options: DownloadOptions, signal: AbortSignal): Promise<IncomingMessage> {
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const response = await ask(url, options, signal);
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    response.destroy();
    const { location } = response.headers;
    if (status < 300 || status >= 400 || location === undefined)
      throw fail(`${first.host} answers HTTP ${status} for the instrument file.`);
    if (redirects === MAX_REDIRECTS)
      throw fail(`${first.host} sends from one address to the next, more than ${MAX_REDIRECTS} times.`);
    const next = urlOf(location, url);
    if (next === undefined || !isPrivate(next) || (url.protocol === 'https:' && next.protocol !== 'https:'))
      throw fail(`${first.host} sends to an address that is not encrypted.`);
    url = next;
  }
}

/** Why it ended after `bytes` bytes; `silentMs` where silence was the reason. */
function brokenOff(
  host: string,
  error: NodeJS.ErrnoException,
  bytes: number,
  silentMs: number | undefined,
): string {
  const sofar = bytes === 0 ? '' : ` after ${bytes} bytes`;
  if (silentMs !== undefined) return `${host} says nothing for ${silentMs / 1000} s${sofar}.`;
  const { code = '' } = error;
  const fault = certificateFault(code);
  if (fault !== undefined) return `${host} is not trusted: ${fault}.`;
  return bytes === 0
    ? `${host} could not be reached (${code || sentenceOf(error)}).`
    : `${host} broke off${sofar} (${code || sentenceOf(error)}).`;
}

/** The decompressed bytes. Throws EngineError CONNECT in one sentence for any fault of the network. */
export async function* download(url: URL, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const { clock, silenceMs = SILENCE_MS, largest = LARGEST } = options;
  const abort = new AbortController();
  let timer: Timer | undefined;
  const heard = (): void => {
    timer?.cancel();
    timer = clock.after(silenceMs, () => abort.abort());
  };
  let bytes = 0;
  let failure: EngineError | undefined;
  try {
    heard();
    const response = await answerOf(url, options, abort.signal);
    const encoding = response.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'gzip' && encoding !== 'identity')
      throw fail(`${url.host} answers in an encoding that was not asked for (${encoding.slice(0, 40)}).`);
    // Faults of the answer reach the unpacked stream.
    const body: Readable =
      encoding === 'gzip' ? pipeline(response, createGunzip(), () => undefined) : response;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      heard();
      bytes += chunk.byteLength;
      if (bytes > largest)
        throw fail(
          `The answer of ${url.host} is longer than ${largest} bytes: that is not the instrument file.`,
        );
      yield chunk;
    }
  } catch (error) {
    failure =
      error instanceof EngineError
        ? error
        : fail(
            brokenOff(
              url.host,
              error as NodeJS.ErrnoException,
              bytes,
              abort.signal.aborted ? silenceMs : undefined,
            ),
          );
  } finally {
    timer?.cancel();
    abort.abort();
  }
  if (failure !== undefined) throw failure;
}
