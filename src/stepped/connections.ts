/** Counts what was sent and has arrived on a process's connections, for stepped time. */
import type { Socket } from 'node:net';
import type { SentBytes } from './turns.js';

/** One connection, as this process sees it. */
interface Connection {
  readonly socket: Socket;
  /** Counts after the socket is gone. */
  final: { readonly written: number } | undefined;
  /** The other process's close was seen. */
  sawEnd: boolean;
  /** As the other process last told. */
  peer: SentBytes | undefined;
  /** It was gone and unnamed at an earlier turn. */
  isForeign: boolean;
}

export class Connections {
  readonly #byPort = new Map<number, Connection>();
  #changes = 0;

  /** `port`: the run's end. */
  add(port: number, socket: Socket): void {
    const connection: Connection = {
      socket,
      final: undefined,
      sawEnd: false,
      peer: undefined,
      isForeign: false,
    };
    this.#byPort.set(port, connection);
    this.#changes++;
    socket.on('end', () => {
      connection.sawEnd = true;
      this.#changes++;
    });
    socket.on('close', () => {
      connection.final = { written: socket.bytesWritten };
      this.#changes++;
    });
  }

  /** Changes with every byte, opening and end. */
  get activity(): number {
    let sum = this.#changes;
    for (const { socket, final } of this.#byPort.values())
      if (final === undefined) sum += socket.bytesRead + socket.bytesWritten + (socket.writableEnded ? 1 : 0);
    return sum;
  }

  /** This process's side of all connections. */
  sent(): SentBytes[] {
    return [...this.#byPort].map(([port, { socket, final }]) => ({
      port,
      sent: final?.written ?? socket.bytesWritten,
      closed: final !== undefined || socket.writableEnded || socket.destroyed,
    }));
  }

  /** Takes what the other process says of its side. */
  told(sides: readonly SentBytes[]): void {
    for (const side of sides) {
      const connection = this.#byPort.get(side.port);
      if (connection !== undefined) connection.peer = side;
    }
  }

  /** True if all that the other process reported as sent has arrived. */
  get settled(): boolean {
    for (const { socket, final, sawEnd, peer } of this.#byPort.values()) {
      // A socket that is gone receives nothing more.
      if (peer === undefined || final !== undefined || socket.destroyed) continue;
      if (peer.closed ? !sawEnd : socket.bytesRead < peer.sent) return false;
    }
    return true;
  }

  /** True if the system has taken all that was written. */
  get flushed(): boolean {
    for (const { socket, final } of this.#byPort.values())
      if (final === undefined && !socket.destroyed && socket.writableLength > 0) return false;
    return true;
  }

  /** True if every connection that the other process reported is known here. */
  hasAll(sides: readonly SentBytes[]): boolean {
    return sides.every(({ port }) => this.#byPort.has(port));
  }

  /** Forgets connections that both processes have closed. `told`: what the other process knows of this side. */
  forgetClosed(told: readonly SentBytes[]): void {
    for (const { port, closed } of told) {
      const connection = this.#byPort.get(port);
      if (closed && connection?.final !== undefined && connection.peer?.closed === true)
        this.#byPort.delete(port);
    }
  }

  /**
   * Forgets connections that the other process named before and names no more, and closed ones of other programs: it
   * names its own with its next turn.
   */
  forgetUnnamed(sides: readonly SentBytes[]): void {
    for (const [port, connection] of this.#byPort) {
      if (sides.some((side) => side.port === port)) continue;
      if (connection.peer !== undefined || connection.isForeign) this.#byPort.delete(port);
      else connection.isForeign = connection.final !== undefined;
    }
  }
}
