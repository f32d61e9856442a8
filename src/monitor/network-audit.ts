/**
 * What the run's connections are for. `memory/io-ledger.ts` counts every connection where it starts; here the HTTP
 * layer announces its purpose through `diagnostics_channel`. Only method, host and path are kept, never a header, a
 * query or a body.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { enterPhase, threadConnections } from '../memory/io-ledger.js';
import type { RestCall, PurposedConnection, Phase } from '../gates/facts.js';

interface UndiciRequest {
  readonly method?: string;
  readonly origin?: string | URL;
  readonly path?: string;
}

interface ClientRequest {
  readonly method?: string;
  readonly protocol?: string;
  readonly path?: string;
  getHeader(name: string): string | number | undefined;
}

/** Audits this thread. */
export class NetworkAudit {
  readonly restCalls: RestCall[] = [];
  readonly #purposes: ReadonlyMap<string, 'log-in' | 'candles'>;
  /** Announced purposes by `host:port`, in order. */
  readonly #announced = new Map<string, PurposedConnection['purpose'][]>();
  #handshakes = 0;
  #phase: Phase = 'log-in';
  readonly #onUndici = (message: unknown): void => {
    const { request } = message as { request: UndiciRequest };
    this.#note(request.method, new URL(String(request.origin)), request.path);
  };
  readonly #onHttp = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const origin = new URL(`${request.protocol ?? 'http:'}//${String(request.getHeader('host'))}`);
    if (String(request.getHeader('upgrade')).toLowerCase() === 'websocket') {
      this.#handshakes++;
      this.#announce(origin, 'feed');
    } else this.#note(request.method, origin, request.path);
  };

  /** `purposes`: of each REST path of the broker. */
  constructor(purposes: ReadonlyMap<string, 'log-in' | 'candles'>) {
    this.#purposes = purposes;
  }

  start(): void {
    enterPhase(this.#phase);
    subscribe('undici:request:create', this.#onUndici);
    subscribe('http.client.request.start', this.#onHttp);
  }

  stop(): void {
    unsubscribe('undici:request:create', this.#onUndici);
    unsubscribe('http.client.request.start', this.#onHttp);
  }

  enter(phase: Phase): void {
    this.#phase = phase;
    enterPhase(phase);
  }

  /** WebSocket handshakes started. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** This thread's connections. The n-th to a host and port has the purpose of the n-th announcement for them. */
  get connections(): PurposedConnection[] {
    const counts = new Map<string, number>();
    return threadConnections().map((connection) => {
      const key = `${connection.host}:${connection.port}`;
      const nth = counts.get(key) ?? 0;
      counts.set(key, nth + 1);
      return { ...connection, purpose: this.#announced.get(key)?.[nth] ?? 'unknown' };
    });
  }

  #announce(origin: URL, purpose: PurposedConnection['purpose']): void {
    const port =
      origin.port === ''
        ? origin.protocol === 'https:' || origin.protocol === 'wss:'
          ? 443
          : 80
        : Number(origin.port);
    // A socket's IPv6 address lacks the brackets of a URL.
    const key = `${origin.hostname.replace(/^\[|\]$/g, '')}:${port}`;
    const list = this.#announced.get(key);
    if (list === undefined) this.#announced.set(key, [purpose]);
    else list.push(purpose);
  }

  #note(method = 'GET', origin: URL, path = '/'): void {
    const bare = path.split('?')[0];
    const purpose = this.#purposes.get(bare);
    this.restCalls.push({
      method,
      host: origin.host,
      path: bare,
      phase: this.#phase,
      logIn: purpose === 'log-in',
      candles: purpose === 'candles',
    });
    this.#announce(origin, purpose ?? 'rest');
  }
}
