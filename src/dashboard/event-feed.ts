/**
 * `/events`: a run's events as server-sent events. A client gets all from the run's begin, or with `Last-Event-ID` what
 * follows that one. One that does not read costs its place in the log, delays no other and misses nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NumberedEvents } from './numbered-events.js';
import { answer, beginStream } from './local-server.js';

export const MAX_CLIENTS = 32;
/** Events of one write. */
const MAX_BATCH = 64;

interface Client {
  readonly response: ServerResponse;
  /** Number of the next event. */
  next: number;
}

export class EventFeed {
  readonly #log: NumberedEvents;
  readonly #epoch: string;
  readonly #clients = new Set<Client>();

  /** `epoch` tells this log's numbers from those of another one. */
  constructor(log: NumberedEvents, epoch: string) {
    this.#log = log;
    this.#epoch = epoch;
  }

  /** Sends what is due until the run's end is sent, or `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#log.ended) {
      await this.#log.changed(signal);
      this.update();
    }
  }

  /** Sends what is due now. */
  update(): void {
    this.#log.update();
    for (const client of this.#clients) this.#send(client);
  }

  /** Answers 503 if there are MAX_CLIENTS. */
  join(request: IncomingMessage, response: ServerResponse): void {
    if (this.#clients.size >= MAX_CLIENTS)
      return answer(
        response,
        503,
        'text/plain; charset=utf-8',
        `${MAX_CLIENTS} programs read the events already; close one.\n`,
      );
    beginStream(response, 'text/event-stream; charset=utf-8');
    if (request.method === 'HEAD') return void response.end();
    const client: Client = { response, next: this.#nextOf(request.headers['last-event-id']) };
    this.#clients.add(client);
    response.on('close', () => this.#clients.delete(client)).on('drain', () => this.#send(client));
    // No one is left to report it to.
    response.on('error', () => response.destroy());
    response.write(': the events of a run\n\n');
    this.#send(client);
  }

  /** Ends every connection in order. */
  end(): void {
    for (const { response } of this.#clients) response.end();
  }

  /** The number after that of a client's last event; 0 if that is not of this log. */
  #nextOf(lastId: string | string[] | undefined): number {
    const [epoch, number] = typeof lastId === 'string' ? lastId.split('-') : [];
    if (epoch !== this.#epoch || !/^\d{1,15}$/.test(number ?? '')) return 0;
    return Math.min(Number(number) + 1, this.#log.length);
  }

  #send(client: Client): void {
    const { response } = client;
    while (client.next < this.#log.length && !response.writableNeedDrain) {
      let text = '';
      const end = Math.min(client.next + MAX_BATCH, this.#log.length);
      for (; client.next < end; client.next++) {
        const { type, data } = this.#log.at(client.next);
        text += `id: ${this.#epoch}-${client.next}\nevent: ${type}\ndata: ${data}\n\n`;
      }
      response.write(text);
    }
  }
}
