/** Faults of packets, between market and feed. Pure, except that `change` writes into its packet. */

import { FIELD, type Packet } from '../../market/packet.js';
import { MINUTE_MS } from '../../market/session.js';
import type { Random } from '../../random.js';
import type { FaultName } from './catalogue.js';
import { numberOf, type Fault } from './fault.js';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const STRAY_AHEAD = 2 ** 50;
const RESTART_AHEAD = 1_000_000_000;

/** Changes, repeats or delays packets. */
export interface PacketFault {
  /** Packets that the market sends, cached ones that answer subscriptions, or both. */
  readonly of: 'live' | 'cached' | 'both';
  /** `packet`: a copy. */
  readonly change?: (packet: Packet, fault: Fault) => void;
  /** Times the packet is sent. */
  readonly copies?: number;
  /** Market ms. */
  readonly delayMs?: (fault: Fault, random: Random) => number;
}

export const PACKET_FAULTS: Readonly<Partial<Record<FaultName, PacketFault>>> = {
  duplicate: { of: 'live', copies: 2 },
  reorder: {
    of: 'live',
    delayMs: (fault, random) => SECOND_MS * (1 + Math.floor(random() * numberOf(fault, 'within'))),
  },
  late: { of: 'live', delayMs: (fault) => SECOND_MS * numberOf(fault, 'by') },
  'zero-price': { of: 'live', change: (packet) => packet.setNumber(FIELD.price, 0) },
  'zero-time': {
    of: 'live',
    change: (packet) => {
      packet.setNumber(FIELD.exchangeMs, 0);
      packet.setNumber(FIELD.lastTradeSeconds, 0);
    },
  },
  'volume-falls': {
    of: 'live',
    change: (packet) => packet.setNumber(FIELD.volume, Math.floor(packet.number(FIELD.volume) / 2)),
  },
  'volume-spikes': {
    of: 'live',
    change: (packet) => packet.setNumber(FIELD.volume, packet.number(FIELD.volume) * 1000),
  },
  'sequence-strays': {
    of: 'live',
    change: (packet) => packet.setNumber(FIELD.sequence, packet.number(FIELD.sequence) + STRAY_AHEAD),
  },
  'counter-restarts': {
    of: 'live',
    change: (packet) => packet.setNumber(FIELD.sequence, packet.number(FIELD.sequence) + RESTART_AHEAD),
  },
  clock: {
    of: 'both',
    change: (packet, fault) => shiftTimes(packet, MINUTE_MS * numberOf(fault, 'minutes')),
  },
  'stale-cache': {
    of: 'cached',
    change: (packet, fault) => shiftTimes(packet, -HOUR_MS * numberOf(fault, 'hours')),
  },
};

function shiftTimes(packet: Packet, byMs: number): void {
  packet.setNumber(FIELD.exchangeMs, packet.number(FIELD.exchangeMs) + byMs);
  packet.setNumber(FIELD.lastTradeSeconds, packet.number(FIELD.lastTradeSeconds) + byMs / 1000);
}

/** All fields of a SnapQuote. Returns `into`. */
export function copyPacket(packet: Packet, into: Packet): Packet {
  into.mode = packet.mode;
  into.exchangeType = packet.exchangeType;
  into.token.set(packet.token);
  into.tokenLength = packet.tokenLength;
  into.tokenNumber = packet.tokenNumber;
  into.words.set(packet.words);
  into.totalBuyQuantity = packet.totalBuyQuantity;
  into.totalSellQuantity = packet.totalSellQuantity;
  into.bestFlag.set(packet.bestFlag);
  into.bestOrders.set(packet.bestOrders);
  into.bestWords.set(packet.bestWords);
  return into;
}
