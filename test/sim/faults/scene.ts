/** A broker with faults and manual market time, so that windows have exact edges. */
import { FIELD, Packet } from '../../../src/market/packet.js';
import { startBroker, type SimulatedBroker, type BrokerLimits } from '../../../src/sim/broker.js';
import { parseFault } from '../../../src/sim/faults/fault.js';
import { decode } from '../../../src/broker/angel/frames.js';
import { Client, until } from '../client.js';
import { HandClock } from '../hand-clock.js';
import { at, marketAt, sentUntil, type Sent } from '../world.js';

export const [RELIANCE, TCS, MM] = ['2885', '11536', '2031'];
export const ALL = [RELIANCE, TCS, MM];
export const START_MS = at('11:00');

export interface Strikes {
  readonly fault: string;
  readonly strikes: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

export interface Scene {
  readonly broker: SimulatedBroker;
  readonly clock: HandClock;
  /** Advances the market to this many seconds after its start, until `clients` have received everything. */
  readonly to: (seconds: number, ...clients: Client[]) => Promise<void>;
  /** What the control route says of the faults. */
  readonly strikes: () => Promise<Strikes[]>;
}

/** Runs a test with a broker that has faults. */
export async function withFaults(
  texts: readonly string[],
  test: (scene: Scene) => Promise<void>,
  limits: Partial<BrokerLimits> = {},
): Promise<void> {
  const clock = new HandClock(START_MS);
  const market = marketAt('11:00');
  const broker = await startBroker({ port: 0, market, clock, limits, faults: texts.map(parseFault) });
  const scene: Scene = {
    broker,
    clock,
    async to(seconds, ...clients) {
      clock.nowMs = START_MS + 1000 * seconds;
      await until(() => market.nowMs >= clock.nowMs);
      // For whatever was due at the same time.
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

/** A client subscribed to all instruments in SnapQuote mode, after its cached packets. */
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

/** The packets of a market without faults, in the first `seconds`. */
export function faultlessPackets(seconds: number): Sent[] {
  return sentUntil(marketAt('11:00'), START_MS + 1000 * seconds);
}

export const hexOf = (frames: readonly Uint8Array[]): string[] =>
  frames.map((frame) => Buffer.from(frame).toString('hex'));

/**
 * The packets that a listener of all instruments receives with these faults, in the first seconds, in steps of
 * `step` seconds.
 */
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
