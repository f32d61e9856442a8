/**
 * One broker's faults: between market and feed, at handshakes, at connections. A packet's own time, not its sending,
 * decides a strike, so the same market and faults always strike the same packets.
 */

import type { Clock } from '../../clock.js';
import { FIELD, Packet } from '../../market/packet.js';
import { istStamp } from '../../market/session.js';
import type { Emit, Market } from '../market.js';
import { CATALOGUE, type Argument, type FaultName } from './catalogue.js';
import { checkSymbols, numberOf, type Fault } from './fault.js';
import { DAMAGE } from './frames.js';
import { REFUSAL, type RefusedHandshake } from './handshakes.js';
import { DelayedPackets } from './delayed-packets.js';
import { MOMENT_FAULTS, type FaultBroker, type FaultTarget } from './moments.js';
import { copyPacket, PACKET_FAULTS } from './packets.js';
import { ActiveFault } from './active-fault.js';

export interface FaultInjectorOptions extends FaultBroker {
  readonly faults: readonly Fault[];
  readonly market: Market;
  readonly clock: Clock;
}

const SECOND_MS = 1000;

export class FaultInjector {
  readonly #options: FaultInjectorOptions;
  readonly #all: readonly ActiveFault[];
  readonly #moments: readonly ActiveFault[];
  readonly #live: readonly ActiveFault[];
  readonly #cached: readonly ActiveFault[];
  readonly frameFaults: readonly ActiveFault[];
  readonly #delayed = new DelayedPackets();
  readonly #scratch = new Packet();
  /** Of the packet being published, epoch ms. */
  #packetMs: number | undefined;

  /** Throws EngineError USAGE for a symbol that the market lacks. */
  constructor(options: FaultInjectorOptions) {
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
      .filter(({ fault }) => MOMENT_FAULTS[fault.name] !== undefined)
      .sort((a, b) => a.fromMs - b.fromMs);
    this.#live = this.#all.filter(({ fault }) => appliesTo(fault, 'live'));
    this.#cached = this.#all.filter(({ fault }) => appliesTo(fault, 'cached'));
    this.frameFaults = this.#all.filter(({ fault }) => DAMAGE[fault.name] !== undefined);
  }

  /** Market time, epoch ms: of the packet being published, if any. */
  nowMs(): number {
    return this.#packetMs ?? this.#options.clock.marketMs();
  }

  named(name: FaultName): readonly ActiveFault[] {
    return this.#all.filter(({ fault }) => fault.name === name);
  }

  indexOf(exchangeType: number, token: string): number | undefined {
    return this.#options.market.indexOf(exchangeType, token);
  }

  /** The first fault of a name that strikes now, counted. */
  triggered(name: FaultName, index?: number): ActiveFault | undefined {
    return this.#all.find((active) => active.fault.name === name && active.triggers(this.nowMs(), index));
  }

  /**
   * Advances the market to `toMs`, publishes packets as the faults leave them, and strikes connections at the
   * faults' moments.
   */
  run(toMs: number, publish: Emit, targets: () => FaultTarget[]): void {
    const { market } = this.#options;
    for (const moment of this.#moments) {
      if (moment.fromMs > toMs) break;
      const onTime = market.nowMs < moment.fromMs;
      if (onTime) this.#advance(moment.fromMs, publish);
      const ms = onTime ? moment.fromMs : toMs;
      if (moment.isActive(ms)) this.#triggerMoment(moment, ms, targets());
    }
    this.#advance(toMs, publish);
  }

  /** When it has something to do after `nowMs`, market time; a moment that waits for a connection has always. */
  nextMs(nowMs: number): number {
    const moments = this.#moments
      .filter((moment) => moment.fromMs > nowMs || moment.isActive(nowMs))
      .map((moment) => Math.max(moment.fromMs, nowMs));
    return Math.min(...moments, this.#delayed.nextMs);
  }

  /** The answer to a subscription: the market's last packet, as the faults leave it. */
  cached(index: number): Packet {
    let packet = this.#options.market.last(index);
    for (const active of this.#cached) {
      if (active.triggers(this.nowMs(), index)) packet = this.#changed(packet, active);
    }
    return packet;
  }

  /** Why a handshake with good credentials is refused. */
  refusal(): RefusedHandshake | undefined {
    const active = this.#all.find(
      (one) => REFUSAL[one.fault.name] !== undefined && one.triggers(this.nowMs()),
    );
    return active === undefined ? undefined : REFUSAL[active.fault.name]!(active.fault);
  }

  /** Real ms until a late answer. */
  handshakeDelayMs(): number {
    const active = this.triggered('slow-handshake');
    return active === undefined ? 0 : numberOf(active.fault, 'by') * SECOND_MS;
  }

  /** For the control route. */
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
    const release: Emit = (index, packet, modes) => publish(index, packet, modes);
    this.#options.market.advance(toMs, (index, packet, modes) => {
      const ms = packet.number(FIELD.exchangeMs);
      this.#packetMs = ms;
      this.#delayed.release(ms, release);
      for (const one of this.#applyLive(index, packet, modes, ms)) publish(index, one, modes);
    });
    // All packets of earlier seconds have come, so the market's steps do not change the order.
    const secondMs = Math.floor(toMs / SECOND_MS) * SECOND_MS;
    this.#packetMs = secondMs;
    this.#delayed.release(secondMs, release);
    this.#packetMs = undefined;
  }

  /** What is published for one packet; delayed ones are kept. */
  #applyLive(index: number, packet: Packet, modes: number, ms: number): Packet[] {
    let packets = [packet];
    for (const active of this.#live) {
      if (!active.triggers(ms, index)) continue;
      const { fault, random } = active;
      const { copies = 1, delayMs, change } = PACKET_FAULTS[fault.name]!;
      if (delayMs !== undefined)
        packets = this.#delay(packets, { index, modes }, active, ms + delayMs(fault, random));
      else if (change !== undefined) packets = packets.map((one) => this.#changed(one, active));
      else packets = packets.flatMap((one) => Array.from({ length: copies }, () => one));
    }
    return packets;
  }

  #delay(
    packets: readonly Packet[],
    { index, modes }: { readonly index: number; readonly modes: number },
    { toMs }: ActiveFault,
    dueMs: number,
  ): Packet[] {
    for (const packet of packets)
      this.#delayed.add(Math.min(dueMs, toMs), index, copyPacket(packet, new Packet()), modes);
    return [];
  }

  /** A copy, in memory that the next change may overwrite. */
  #changed(packet: Packet, { fault }: ActiveFault): Packet {
    if (packet !== this.#scratch) copyPacket(packet, this.#scratch);
    PACKET_FAULTS[fault.name]!.change!(this.#scratch, fault);
    return this.#scratch;
  }

  #triggerMoment(moment: ActiveFault, ms: number, targets: readonly FaultTarget[]): void {
    const { apply, once, appliesTo: concerns, countsItself } = MOMENT_FAULTS[moment.fault.name]!;
    once?.(this.#options);
    const struck = targets.filter((target) => target.link.open && concerns?.(target) !== false);
    if (struck.length === 0 && once === undefined) return;
    moment.countRound();
    if (countsItself !== true) moment.record(ms, Math.max(1, struck.length));
    for (const target of struck) apply(moment, target);
  }
}

/** True if a fault changes, repeats or delays such packets. */
function appliesTo({ name }: Fault, kind: 'live' | 'cached'): boolean {
  const of = PACKET_FAULTS[name]?.of;
  return of === kind || of === 'both';
}

/** A fault's instrument; undefined for all. */
function indexOf({ name, values }: Fault, market: Market): number | undefined {
  const { symbol } = values;
  if (typeof symbol === 'string' && symbol !== '') return market.indexOfName(symbol);
  const argument: Argument | undefined = CATALOGUE[name].takes['symbol'];
  return argument?.preset === 'first' ? 0 : undefined;
}
