/** This program's broker. Only this file, `src/broker/angel` and the simulator import it. */
import { ANGEL } from '../broker/angel/angel.js';
import type { Broker } from '../broker/broker.js';

export const broker: Broker = ANGEL;
