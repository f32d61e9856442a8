/** Rows of catalogue.ts: faults that change one value of a packet. */
import type { Row } from './catalogue.js';

export const VALUE_ROWS: readonly Row[] = [
  {
    faults: ['zero-price'],
    client: 'rejects a price of 0, counted',
    counted: { 'unadmitted.price': 9 },
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['zero-time'],
    client: 'rejects a time of another day, counted',
    counted: { 'unadmitted.time': 9 },
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['volume-falls'],
    mode: 'quote',
    client: 'waits for the next packet, which contradicts it, counted',
    counted: { strayVolumes: 9, reseeds: 0 },
    says: [],
    gates: {},
    untouched: true,
  },
  {
    faults: ['volume-spikes'],
    mode: 'quote',
    client: 'takes the rise back when the next packet contradicts it, counted',
    counted: { strayVolumes: 9 },
    says: [],
    gates: {},
    untouched: true,
  },
  {
    faults: ['sequence-strays'],
    client: 'rejects a number with which no others agree, counted',
    counted: { 'unadmitted.sequence': 9 },
    says: [],
    gates: {},
    untouched: false,
  },
  {
    faults: ['counter-restarts'],
    client: 'holds packets of a new counter until three rise, then uses all',
    counted: { heldSequence: 6, 'unadmitted.sequence': 0 },
    says: [],
    gates: {},
    untouched: true,
  },
];
