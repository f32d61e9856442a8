/** What faults do to packets on the way out of the market. Pure but for the packet that is given to be changed. */

import { FIELD, type Packet } from '../../market/packet.js';
import { MINUTE_MS } from '../../market/session.js';
import type { FaultName } from './catalogue.js';
import { numberOf, type Fault } from './fault.js';

const HOUR_MS = 3_600_000;

/** Changes a packet that is ours to change. */
export const CHANGE: Readonly<Partial<Record<FaultName, (packet: Packet, fault: Fault) => void>>> = {
  'zero-price': (packet) => packet.setNumber(FIELD.price, 0),
  'zero-time': (packet) => {
    packet.setNumber(FIELD.exchangeMs, 0);
    packet.setNumber(FIELD.lastTradeSeconds, 0);
  },
  'volume-falls': (packet) => packet.setNumber(FIELD.volume, Math.floor(packet.number(FIELD.volume) / 2)),
  clock: (packet, fault) => shiftTimes(packet, MINUTE_MS * numberOf(fault, 'minutes')),
  'stale-cache': (packet, fault) => shiftTimes(packet, -HOUR_MS * numberOf(fault, 'hours')),
};

function shiftTimes(packet: Packet, byMs: number): void {
  packet.setNumber(FIELD.exchangeMs, packet.number(FIELD.exchangeMs) + byMs);
  packet.setNumber(FIELD.lastTradeSeconds, packet.number(FIELD.lastTradeSeconds) + byMs / 1000);
}

/** Makes `into` the same packet, in every field that a SnapQuote has. */
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
