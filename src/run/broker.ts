/** The broker of this program. The only file outside `src/broker/angel` and the simulator that imports it. */
import { ANGEL } from '../broker/angel/angel.js';
import type { Broker } from '../broker/broker.js';

export const broker: Broker = ANGEL;
