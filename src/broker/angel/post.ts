/** One POST and the beginning of its answer. Certificates are checked whatever the environment says. */
import { request as plainRequest } from 'node:http';
import { request as secureRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';

/** Characters read of an answer by default; the rest is not received. */
const MAX_ANSWER = 65_536;

/** Headers of every call (docs/protocol.md 1). The broker evidently does not check the addresses: placeholders. */
export function restHeaders(apiKey: string): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    Accept: 'application/json',
    'X-UserType': 'USER',
    'X-SourceID': 'WEB',
    'X-ClientLocalIP': '127.0.0.1',
    'X-ClientPublicIP': '127.0.0.1',
    'X-MACAddress': '00:00:00:00:00:00',
    'X-PrivateKey': apiKey,
  };
}

export interface PostAnswer {
  readonly status: number;
  readonly text: string;
  /** The server's `Date`, if any; epoch ms in whole seconds. */
  readonly serverMs: number | undefined;
}

export interface PostOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** PEM, trusted in place of the public ones. */
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
  /** Characters read of the answer. */
  readonly longest?: number;
}

async function beginning(response: IncomingMessage, longest: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of response as AsyncIterable<Uint8Array>) {
    text += decoder.decode(part, { stream: true });
    if (text.length >= longest) break;
  }
  return text.slice(0, longest);
}

/**
 * Posts over one connection, which ends with the answer; redirects are not followed. Rejects with the error (`code`)
 * of the system, TLS or the signal.
 */
export function post({
  url,
  headers,
  body,
  ca,
  signal,
  longest = MAX_ANSWER,
}: PostOptions): Promise<PostAnswer> {
  const secure = new URL(url).protocol === 'https:';
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
    // Nothing of REST stays open after the log-in.
    agent: false,
    signal,
    // Explicit: NODE_TLS_REJECT_UNAUTHORIZED=0 would change the default.
    ...(secure ? { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) } : {}),
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? secureRequest : plainRequest)(url, options, (response) => {
      const date = Date.parse(response.headers.date ?? '');
      beginning(response, longest).then(
        (text) => {
          response.destroy();
          resolve({
            status: response.statusCode ?? 0,
            text,
            serverMs: Number.isNaN(date) ? undefined : date,
          });
        },
        (error: unknown) => reject(error instanceof Error ? error : new Error('the answer broke off')),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}
