/**
 * The faults of one broker: between the market and the feed, at handshakes, and at the connections. Whether one strikes a packet goes by the
 * packet's own time and not by when it happens to be sent, so that the same market and faults strike the same packets.
 */

import type { Clock } from '../../clock.js';
import { FIELD, Packet } from '../../market/packet.js';
import { istStamp } from '../../market/session.js';
import type { Emit, Market } from '../market.js';
import { CATALOGUE, type Argument, type FaultName } from './catalogue.js';
import { checkSymbols, numberOf, type Fault } from './fault.js';
import { DAMAGE } from './frames.js';
import { REFUSAL, type HandshakeRefusal } from './handshakes.js';
import { DelayedPackets } from './held-packets.js';
import type { Link } from './link.js';
import { CHANGE, copyPacket } from './packets.js';
import { ActiveFault } from './strikes.js';

/** A connection as a moment of trouble sees it. */
export interface Victim {
  readonly link: Link;
  /** The last frame of everything that it has subscribed. */
  lastFrames(): Uint8Array[];
}

export interface FaultsOptions {
  readonly faults: readonly Fault[];
  readonly market: Market;
  readonly clock: Clock;
  /** Lets all tokens that were given so far expire. */
  readonly expire: () => void;
}

/** What happens to every open connection at a moment. */
const END: Readonly<Partial<Record<FaultName, (moment: ActiveFault, victim: Victim) => void>>> = {
  drop: (_, { link }) => link.drop(),
  close: ({ fault }, { link }) => link.close(numberOf(fault, 'code'), 'as was asked for by --fault close'),
  reset: (_, { link }) => link.reset(),
  expire: ({ fault }, { link }) => link.close(numberOf(fault, 'code'), 'session expired'),
  'half-open': (moment, { link }) => link.halfOpen(moment),
  burst: (moment, victim) => victim.link.burst(moment, victim.lastFrames()),
};
/** Of the packets that the market sends; `clock` and `stale-cache` strike cached ones too, or only. */
const LIVE: ReadonlySet<FaultName> = new Set([
  'duplicate',
  'reorder',
  'late',
  'zero-price',
  'zero-time',
  'volume-falls',
  'clock',
] as const);
const CACHED: ReadonlySet<FaultName> = new Set(['clock', 'stale-cache'] as const);
const SECOND_MS = 1000;

export class Faults {
  readonly #options: FaultsOptions;
  readonly #all: readonly ActiveFault[];
  readonly #moments: readonly ActiveFault[];
  readonly #live: readonly ActiveFault[];
  readonly #cached: readonly ActiveFault[];
  /** Those that change frames on their way. */
  readonly damages: readonly ActiveFault[];
  readonly #held = new DelayedPackets();
  readonly #scratch = new Packet();
  /** The time of the packet that is being published, epoch ms. */
  #packetMs: number | undefined;

  /** Throws EngineError USAGE for a symbol that the market does not have. */
  constructor(options: FaultsOptions) {
    const { faults, market } = options;
    checkSymbols(faults, market.listings);
    this.#options = options;
    this.#all = faults.map((fault, place) => {
      return new ActiveFault(fault, {
        startMs: market.startMs,
        seed: market.seed,
        place,
        index: indexOf(fault, market),
      });
    });
    this.#moments = this.#all
      .filter(({ fault }) => END[fault.name] !== undefined)
      .sort((a, b) => a.fromMs - b.fromMs);
    this.#live = this.#all.filter(({ fault }) => LIVE.has(fault.name));
    this.#cached = this.#all.filter(({ fault }) => CACHED.has(fault.name));
    this.damages = this.#all.filter(({ fault }) => DAMAGE[fault.name] !== undefined);
  }

  /** Market time: that of the packet at hand where there is one. */
  nowMs(): number {
    return this.#packetMs ?? this.#options.clock.marketMs();
  }

  named(name: FaultName): readonly ActiveFault[] {
    return this.#all.filter(({ fault }) => fault.name === name);
  }

  indexOf(exchangeType: number, token: string): number | undefined {
    return this.#options.market.indexOf(exchangeType, token);
  }

  /** The first fault of a name that strikes what happens now, counted; undefined when none does. */
  takes(name: FaultName, index?: number): ActiveFault | undefined {
    return this.#all.find((active) => active.fault.name === name && active.takes(this.nowMs(), index));
  }

  /** Lets the market run up to `toMs`, hands on what comes of what it sends, and strikes the connections at their moments on the way. */
  run(toMs: number, publish: Emit, victims: () => Victim[]): void {
    const { market } = this.#options;
    for (const moment of this.#moments) {
      if (moment.fromMs > toMs) break;
      const onTime = market.nowMs < moment.fromMs;
      if (onTime) this.#advance(moment.fromMs, publish);
      const ms = onTime ? moment.fromMs : toMs;
      if (moment.on(ms)) this.#strike(moment, ms, victims());
    }
    this.#advance(toMs, publish);
  }

  /** What a subscription is answered with: the market's last packet, or what comes of it. */
  cached(index: number): Packet {
    let packet = this.#options.market.last(index);
    for (const active of this.#cached) {
      if (active.takes(this.nowMs(), index)) packet = this.#changed(packet, active);
    }
    return packet;
  }

  /** Why a handshake is refused though its credentials may be good; undefined when it is not. */
  refusal(): HandshakeRefusal | undefined {
    const active = this.#all.find((one) => REFUSAL[one.fault.name] !== undefined && one.takes(this.nowMs()));
    return active === undefined ? undefined : REFUSAL[active.fault.name]!(active.fault);
  }

  /** Real ms by which a handshake's answer is late. */
  handshakeDelayMs(): number {
    const active = this.takes('slow-handshake');
    return active === undefined ? 0 : numberOf(active.fault, 'by') * SECOND_MS;
  }

  /** What struck so far, for the simulator's own questions. */
  report(): Record<string, unknown>[] {
    return this.#all.map(({ fault, strikes, firstMs, lastMs }) => ({
      fault: fault.text,
      strikes,
      first: firstMs === undefined ? null : istStamp(firstMs),
      firstMs: firstMs ?? null,
      last: lastMs === undefined ? null : istStamp(lastMs),
      lastMs: lastMs ?? null,
    }));
  }

  #advance(toMs: number, publish: Emit): void {
    const release = (index: number, packet: Packet): void => publish(index, packet);
    this.#options.market.advance(toMs, (index, packet) => {
      const ms = packet.number(FIELD.exchangeMs);
      this.#packetMs = ms;
      this.#held.release(ms, release);
      for (const one of this.#through(index, packet, ms)) publish(index, one);
    });
    // No packet of an earlier second is to come: whatever the steps in which the market runs, the order is the same.
    const secondMs = Math.floor(toMs / SECOND_MS) * SECOND_MS;
    this.#packetMs = secondMs;
    this.#held.release(secondMs, release);
    this.#packetMs = undefined;
  }

  /** What is published in place of one packet. */
  #through(index: number, packet: Packet, ms: number): Packet[] {
    let packets = [packet];
    for (const active of this.#live) {
      if (!active.takes(ms, index)) continue;
      const { fault } = active;
      if (fault.name === 'duplicate') packets = packets.flatMap((one) => [one, one]);
      else if (fault.name === 'late')
        packets = this.#hold(packets, index, active, ms + SECOND_MS * numberOf(fault, 'by'));
      else if (fault.name === 'reorder')
        packets = this.#hold(
          packets,
          index,
          active,
          ms + SECOND_MS * (1 + Math.floor(active.random() * numberOf(fault, 'within'))),
        );
      else packets = packets.map((one) => this.#changed(one, active));
    }
    return packets;
  }

  #hold(packets: readonly Packet[], index: number, { toMs }: ActiveFault, dueMs: number): Packet[] {
    for (const packet of packets)
      this.#held.hold(Math.min(dueMs, toMs), index, copyPacket(packet, new Packet()));
    return [];
  }

  /** The packet changed, in memory that the next change may overwrite. */
  #changed(packet: Packet, { fault }: ActiveFault): Packet {
    if (packet !== this.#scratch) copyPacket(packet, this.#scratch);
    CHANGE[fault.name]!(this.#scratch, fault);
    return this.#scratch;
  }

  #strike(moment: ActiveFault, ms: number, victims: readonly Victim[]): void {
    const { fault } = moment;
    if (fault.name === 'expire') this.#options.expire();
    const open = victims.filter(({ link }) => link.open);
    const struck = fault.name === 'burst' ? open.filter((victim) => victim.lastFrames().length > 0) : open;
    if (struck.length === 0 && fault.name !== 'expire') return;
    moment.begin();
    // A burst is counted by its frames, as they go.
    if (fault.name !== 'burst') moment.struck(ms, Math.max(1, struck.length));
    for (const victim of struck) END[fault.name]!(moment, victim);
  }
}

/** The instrument that a fault means; undefined: all. */
function indexOf({ name, values }: Fault, market: Market): number | undefined {
  const { symbol } = values;
  if (typeof symbol === 'string' && symbol !== '') return market.indexOfSymbol(symbol);
  const argument: Argument | undefined = CATALOGUE[name].takes['symbol'];
  return argument?.preset === 'first' ? 0 : undefined;
}
