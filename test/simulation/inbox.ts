/**
 * What lies in the client's socket, and how our thread reads it: as soon as it comes to it, all that is there up to a
 * read's size.
 */
import type { Agenda } from './agenda.js';
import type { Item } from './broker.js';

/** Maximum bytes of one read, and bytes of a message besides its payload. */
const READ_BYTES = 65_536;
const HEADER_BYTES = 4;
const TEXT_BYTES = 128;

export interface InboxOptions {
  readonly agenda: Agenda;
  /** Whether the socket is the client's and not paused. */
  readonly mayRead: () => boolean;
  /** Whether the socket is the client's. */
  readonly isThere: () => boolean;
  readonly take: (item: Item) => void;
}

export class Inbox {
  readonly #options: InboxOptions;
  readonly #items: Item[] = [];
  #reading = false;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  push(item: Item): void {
    this.#items.push(item);
    this.readSoon();
  }

  readSoon(): void {
    const { agenda, mayRead } = this.#options;
    if (this.#reading || !mayRead()) return;
    this.#reading = true;
    agenda.at(agenda.monoMs(), () => {
      this.#reading = false;
      if (mayRead()) this.#read();
    });
  }

  #read(): void {
    const { take, isThere } = this.#options;
    let left = READ_BYTES;
    let taken = 0;
    // A pause in the midst of a read stops the next one.
    for (const item of this.#items) {
      left -= item.kind === 'binary' ? item.bytes.length + HEADER_BYTES : TEXT_BYTES;
      if (left < 0 && taken > 0) break;
      taken++;
      take(item);
      if (!isThere()) return;
    }
    this.#items.splice(0, taken);
    if (this.#items.length > 0) this.readSoon();
  }
}
