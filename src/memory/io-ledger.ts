/**
 * Counts, at their source, what a run promises not to do: unplanned connections, and writes outside its folders.
 * Importing this file wraps, in the importing thread, `net.Socket.prototype.connect`, which every HTTP client uses,
 * and the writing functions of `node:fs`: each thread's entry must import it first. It keeps host names and paths
 * only, never a header, a URL's query or a body.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { isAbsolute, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** 32-bit words that all threads share and add to atomically: connections and stray writes of workers. */
export const LEDGER = { workerConnections: 0, workerStrayWrites: 1, words: 2 } as const;

export interface CountedConnection {
  readonly host: string;
  readonly port: number;
  readonly phase: string;
}

const connections: CountedConnection[] = [];
const strayWrites: string[] = [];
let shared: Int32Array | undefined;
let roots: readonly string[] | undefined;
let planned: readonly { readonly host: string; readonly port: number }[] = [];
let phase = 'start';

/** Oldest first. */
export function threadConnections(): readonly CountedConnection[] {
  return connections;
}

/** Paths outside the roots. */
export function threadStrayWrites(): readonly string[] {
  return strayWrites;
}

/** Names the phase of connections from now on (`log-in`, `warm-up`, `run`, `after`, `back-fill`). */
export function enterPhase(name: string): void {
  phase = name;
}

/**
 * Counts writes outside `allowed` from now on; a worker counts in `words` (LEDGER). Connections to `servers` are
 * planned, and are not counted.
 */
export function watch(
  allowed: readonly string[],
  words?: Int32Array,
  servers: readonly { readonly host: string; readonly port: number }[] = [],
): void {
  roots = allowed.map((path) => resolve(path));
  shared = words;
  planned = servers;
}

// Always called with the socket as `this`.
const connect = Object.getOwnPropertyDescriptor(net.Socket.prototype, 'connect')!.value as (
  this: net.Socket,
  ...args: unknown[]
) => net.Socket;

/** Host and port of `connect`'s arguments in any form; Node's own callers pass them as one array. */
function target(args: unknown[]): { host: string; port: number } {
  const first: unknown = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === 'object' && first !== null) {
    const options = first as { host?: string; port?: number | string; path?: string };
    return { host: options.path ?? options.host ?? 'localhost', port: Number(options.port ?? 0) };
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { host: first, port: 0 };
  return { host: typeof args[1] === 'string' ? args[1] : 'localhost', port: Number(first) };
}

net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]): net.Socket {
  const to = target(args);
  connections.push({ ...to, phase });
  const isPlanned = planned.some(({ host, port }) => host === to.host && port === to.port);
  if (shared !== undefined && !isPlanned) Atomics.add(shared, LEDGER.workerConnections, 1);
  return connect.apply(this, args);
};

function noteWrite(path: unknown): void {
  if (roots === undefined || (typeof path !== 'string' && !(path instanceof URL) && !Buffer.isBuffer(path)))
    return;
  const absolute = path instanceof URL ? fileURLToPath(path) : resolve(path.toString());
  if (absolute === '/dev/null') return;
  for (const root of roots) {
    const inside = relative(root, absolute);
    if (!inside.startsWith('..') && !isAbsolute(inside)) return;
  }
  strayWrites.push(absolute);
  if (shared !== undefined) Atomics.add(shared, LEDGER.workerStrayWrites, 1);
}

function opensForWriting(flags: unknown): boolean {
  if (typeof flags === 'number')
    return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0;
  return typeof flags === 'string' && flags !== 'r' && flags !== 'rs';
}

type Callable = (...args: unknown[]) => unknown;

/** Wraps functions to check the path arguments at `pathsAt` if `writes` says so. */
function wrap(
  holder: Record<string, Callable>,
  names: readonly string[],
  pathsAt: readonly number[],
  writes: (args: unknown[]) => boolean,
): void {
  for (const name of names) {
    const original = holder[name];
    holder[name] = function (this: unknown, ...args: unknown[]): unknown {
      if (writes(args)) for (const at of pathsAt) noteWrite(args[at]);
      return original.apply(this, args);
    };
  }
}

const always = (): boolean => true;
const byFlags = (args: unknown[]): boolean => opensForWriting(args[1]);
const onOne = ['writeFile', 'appendFile', 'mkdir', 'unlink', 'rm', 'rmdir', 'truncate'];
const onTwo = ['rename', 'copyFile', 'link', 'symlink'];
const sync = (names: readonly string[]): string[] => [...names, ...names.map((name) => `${name}Sync`)];
const callbacks = fs as unknown as Record<string, Callable>;
const promised = fs.promises as unknown as Record<string, Callable>;
wrap(callbacks, ['open', 'openSync'], [0], byFlags);
wrap(callbacks, sync(onOne), [0], always);
wrap(callbacks, sync(onTwo), [1], always);
wrap(promised, ['open'], [0], byFlags);
wrap(promised, onOne, [0], always);
wrap(promised, onTwo, [1], always);
syncBuiltinESMExports();
