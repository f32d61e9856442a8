/**
 * A read-only HTTP server on loopback: GET and HEAD only. A page of another origin must not read it through a browser
 * of this machine, so Host (against DNS rebinding) and Origin must name this machine.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EngineError, sentenceOf } from '../errors.js';

const LOOPBACK = '127.0.0.1';
const HOST_NAMES = [LOOPBACK, 'localhost', '[::1]'];
/** Of all clients together. */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5000;

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
} as const;

type LocalRoute = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface LocalServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Option that named the port, for errors. */
  readonly option: string;
  readonly routes: Readonly<Record<string, LocalRoute>>;
  /** Receives a sentence for the log when an answer failed. */
  readonly onFailure: (sentence: string) => void;
}

/** True if `host`, from a Host header or an origin, is this machine at `port`. */
function isOurs(host: string, port: number): boolean {
  const name = host.toLowerCase();
  return HOST_NAMES.some((one) => name === `${one}:${port}` || (port === 80 && name === one));
}

/** Status and sentence of a refusal; undefined if the request is allowed. */
export function refusal(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  port: number,
): { readonly status: number; readonly sentence: string } | undefined {
  const { host = '', origin } = headers;
  if (!isOurs(host, port))
    return { status: 403, sentence: 'This server answers to 127.0.0.1 and localhost only.' };
  if (origin !== undefined && !isOurs(origin.replace(/^http:\/\//i, ''), port))
    return { status: 403, sentence: 'Pages of other origins may not read this.' };
  const site = headers['sec-fetch-site'];
  // A link on another site may open the page, but that site may load nothing else.
  if (
    site !== undefined &&
    site !== 'same-origin' &&
    site !== 'none' &&
    headers['sec-fetch-mode'] !== 'navigate'
  )
    return { status: 403, sentence: 'Pages of other origins may not read this.' };
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, sentence: 'Only GET and HEAD: nothing can be changed here.' };
  return undefined;
}

/** Sends a whole answer; to HEAD, its headers only. */
export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  text: string | Buffer,
  more: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...HEADERS,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    ...more,
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

/** Sends the headers of an answer that stays open. */
export function beginStream(response: ServerResponse, type: string): void {
  response.writeHead(200, { ...HEADERS, 'Content-Type': type });
}

export class LocalServer {
  readonly #server: Server;
  readonly #options: LocalServerOptions;

  constructor(options: LocalServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        headersTimeout: REQUEST_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: REQUEST_TIMEOUT_MS,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Throws EngineError CONFIG if it cannot listen on the port. */
  async start(): Promise<void> {
    const { port, option } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const why =
          error.code === 'EADDRINUSE'
            ? 'another program listens there'
            : error.code === 'EACCES'
              ? 'this user may not listen there'
              : sentenceOf(error);
        reject(
          new EngineError(
            'CONFIG',
            `Port ${port} of ${option} cannot be had: ${why}. Give another, or 0 for any that is free.`,
          ),
        );
      });
      this.#server.listen(port, LOOPBACK, resolve);
    });
    this.#server.on('error', (error) =>
      this.#options.onFailure(`The server of ${option}: ${sentenceOf(error)}`),
    );
  }

  /** Also ends every connection. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const no = refusal(request, this.#port);
    if (no !== undefined)
      return answer(
        response,
        no.status,
        'text/plain; charset=utf-8',
        `${no.sentence}\n`,
        no.status === 405 ? { Allow: 'GET, HEAD' } : {},
      );
    const { routes, option, onFailure } = this.#options;
    const [path] = (request.url ?? '/').split('?');
    if (!Object.hasOwn(routes, path))
      return answer(
        response,
        404,
        'text/plain; charset=utf-8',
        `There are: ${Object.keys(routes).join(' ')}\n`,
      );
    try {
      await routes[path](request, response);
    } catch (error) {
      onFailure(`${option} could not answer ${path}: ${sentenceOf(error)}`);
      if (!response.headersSent)
        answer(response, 500, 'text/plain; charset=utf-8', 'This could not be answered; the log says why.\n');
      else response.destroy();
    }
  }
}
