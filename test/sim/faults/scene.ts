/** A broker with faults whose market time goes by hand, so that windows have exact edges. */
import { SystemClock, type Clock, type Timer } from '../../../src/clock.js';
import { FIELD, Packet } from '../../../src/market/packet.js';
import { startBroker, type SimulatedBroker, type BrokerLimits } from '../../../src/sim/broker.js';
import { parseFault } from '../../../src/sim/faults/fault.js';
import { decode } from '../../../src/broker/angel/frames.js';
import { Client, until } from '../client.js';
import { at, marketAt, sentUntil, type Sent } from '../world.js';

export const [RELIANCE, TCS, MM] = ['2885', '11536', '2031'];
export const ALL = [RELIANCE, TCS, MM];
export const START_MS = at('11:00');

/** Market time stands still until it is moved; everything else is real. */
class HandClock implements Clock {
  readonly speed = 1;
  readonly #real = new SystemClock();
  nowMs = START_MS;

  monoMs(): number {
    return this.#real.monoMs();
  }

  marketMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.#real.wallMs();
  }

  after(realMs: number, fire: () => void): Timer {
    return this.#real.after(realMs, fire);
  }

  every(realMs: number, fire: () => void): Timer {
    return this.#real.every(realMs, fire);
  }
}

export interface Strikes {
  readonly fault: string;
  readonly strikes: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

export interface Scene {
  readonly broker: SimulatedBroker;
  /** Lets the market run until so many seconds after its start, and everybody of `clients` hear what was sent. */
  readonly to: (seconds: number, ...clients: Client[]) => Promise<void>;
  /** What the simulator says of its faults. */
  readonly strikes: () => Promise<Strikes[]>;
}

/** A broker with faults for the length of one test. */
export async function withFaults(
  texts: readonly string[],
  test: (scene: Scene) => Promise<void>,
  limits: Partial<BrokerLimits> = {},
): Promise<void> {
  const clock = new HandClock();
  const market = marketAt('11:00');
  const broker = await startBroker({ port: 0, market, clock, limits, faults: texts.map(parseFault) });
  const scene: Scene = {
    broker,
    async to(seconds, ...clients) {
      clock.nowMs = START_MS + 1000 * seconds;
      await until(() => market.nowMs >= clock.nowMs);
      // Whatever was due with it.
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const client of clients) await client.settled();
    },
    async strikes() {
      return ((await (await fetch(broker.controlUrl)).json()) as { faults: Strikes[] }).faults;
    },
  };
  try {
    await test(scene);
  } finally {
    await broker.close();
  }
}

/** A client that has asked for all names in SnapQuote mode, its cached packets forgotten. */
export async function listener(broker: SimulatedBroker, clientCode = 'GUEST1', mode = 3): Promise<Client> {
  const client = await Client.open(broker, clientCode);
  client.ask(1, mode, ALL);
  await client.settled();
  client.frames.length = 0;
  return client;
}

export function packetOf(frame: Uint8Array): Packet {
  const packet = new Packet();
  const refused = decode(frame, packet);
  if (refused !== undefined) throw new Error(`no frame: ${refused}`);
  return packet;
}

/** Seconds after the start, by the packet's own time. */
export function secondOf(frame: Uint8Array): number {
  return (packetOf(frame).number(FIELD.exchangeMs) - START_MS) / 1000;
}

/** What a market without faults sends from its start on, until so many seconds after it. */
export function truth(seconds: number): Sent[] {
  return sentUntil(marketAt('11:00'), START_MS + 1000 * seconds);
}

export const hexOf = (frames: readonly Uint8Array[]): string[] =>
  frames.map((frame) => Buffer.from(frame).toString('hex'));

/** What a listener of all names hears of a market with these faults, until so many seconds after the start, in steps of `step` seconds. */
export async function heardWith(
  texts: readonly string[],
  seconds: number,
  step = seconds,
): Promise<{ frames: Buffer[]; strikes: Strikes[] }> {
  let frames: Buffer[] = [];
  let strikes: Strikes[] = [];
  await withFaults(texts, async (scene) => {
    const client = await listener(scene.broker);
    for (let second = step; second <= seconds; second += step) await scene.to(second);
    await client.settled();
    frames = client.frames;
    strikes = await scene.strikes();
  });
  return { frames, strikes };
}
