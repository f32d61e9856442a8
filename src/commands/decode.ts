/** `tickshard decode`: frames as hex lines in, one JSON a line out. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { once } from 'node:events';
import { EXIT } from '../errors.js';
import type { Listing } from '../market/instrument.js';
import { Packet } from '../market/packet.js';
import { PacketFilter } from '../ingest/packet-filter.js';
import { decode } from '../broker/angel/frames.js';
import { packetJson } from '../broker/angel/frame-json.js';

export interface DecodeStreams {
  readonly input: Readable;
  readonly output: Writable;
  /** Told in a sentence of a line that is not hexadecimal. */
  readonly complain: (sentence: string) => void;
}

/**
 * Decodes until the input ends and returns the exit code: 0, or 2 when a line was not hexadecimal (it is answered `{"refused":"hex"}`, so
 * that the answers keep the places of the lines). Admission knows `listings` and no market date. An empty line is an empty frame.
 */
export async function decodeLines(
  streams: DecodeStreams,
  listings: readonly Listing[],
  nowMs: number,
): Promise<number> {
  const admission = new PacketFilter({
    instruments: listings.map((listing, index) => ({ ...listing, index })),
    mode: 0,
    marketDateMs: undefined,
    nowMs,
  });
  const packet = new Packet();
  let exitCode: number = EXIT.pass;
  let number = 0;
  const answer = (line: string): object => {
    if (line.length % 2 !== 0 || /[^0-9a-f]/i.test(line)) {
      exitCode = EXIT.usage;
      streams.complain(`Line ${number} is not a whole number of bytes in hexadecimal.`);
      return { refused: 'hex' };
    }
    const refused = decode(Buffer.from(line, 'hex'), packet);
    if (refused !== undefined) return { refused };
    return { ...packetJson(packet), admitted: admission.judge(packet) ?? true };
  };
  for await (const line of createInterface({ input: streams.input, crlfDelay: Infinity })) {
    number++;
    if (!streams.output.write(`${JSON.stringify(answer(line.trim()))}\n`))
      await once(streams.output, 'drain');
  }
  return exitCode;
}
