/** HTTP of the simulated broker: routes, bounded bodies, JSON replies. */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

export interface RestRequest {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  /** A POST's JSON object; empty for anything else. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A string goes as plain text, else JSON. */
export interface RestResponse {
  readonly status: number;
  readonly body: unknown;
}

export interface RestRoute {
  readonly method: 'GET' | 'POST';
  readonly answer: (question: RestRequest) => RestResponse;
}

/** Begins every successful answer. */
export const SUCCESS = { status: true, message: 'SUCCESS', errorcode: '' } as const;

export const MAX_BODY_BYTES = 64 * 1024;

/** Undefined for a malformed request line. */
export function targetOf(request: IncomingMessage): URL | undefined {
  const target = `http://simulator${request.url ?? ''}`;
  return URL.canParse(target) ? new URL(target) : undefined;
}

/** 404 and 405 without a route, 413 for a body too long, 400 if not JSON. */
export async function serve(
  routes: Readonly<Record<string, RestRoute>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = targetOf(request);
  const path = target?.pathname ?? '';
  if (target === undefined || !Object.hasOwn(routes, path)) {
    reply(request, response, failure(404, 'no such path'));
    return;
  }
  const route = routes[path];
  if (request.method !== route.method) {
    response.setHeader('Allow', route.method);
    reply(request, response, failure(405, `this path takes ${route.method}`));
    return;
  }
  const text = route.method === 'POST' ? await textOf(request) : '{}';
  if (text === undefined) {
    reply(request, response, failure(413, `a body has at most ${MAX_BODY_BYTES} bytes`));
    return;
  }
  const body = jsonOf(text);
  reply(
    request,
    response,
    body === undefined
      ? failure(400, 'the body is not JSON')
      : route.answer({ headers: request.headers, query: target.searchParams, body }),
  );
}

/** In the shape of the broker's REST errors. */
export function failure(status: number, message: string, errorcode = ''): RestResponse {
  return { status, body: { status: false, message, errorcode, data: null } };
}

/** The gateway's shape of failures (docs/protocol.md 1). */
export function gatewayRefusal(errorCode: string, message: string): RestResponse {
  return { status: 200, body: { success: false, message, errorCode, data: '' } };
}

async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Empty for JSON that is no object; undefined if not JSON. */
function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return undefined; // Answered with a 400.
  }
}

function reply(request: IncomingMessage, response: ServerResponse, { status, body }: RestResponse): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  // The unread rest must not be parsed as the next request.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.writeHead(status, {
    'Content-Type': typeof body === 'string' ? 'text/plain' : 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}
