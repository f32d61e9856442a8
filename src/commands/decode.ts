/** `tickshard decode`: frames as hex lines in, one JSON a line out. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { once } from 'node:events';
import { defineCommand } from '../cli/command.js';
import { SystemClock } from '../clock.js';
import { EXIT } from '../errors.js';
import type { Listing } from '../market/instrument.js';
import { Packet } from '../market/packet.js';
import { PacketFilter } from '../ingest/packet-filter.js';
import { broker } from '../run/broker.js';
import { niftyFifty } from '../run/universe.js';

export interface DecodeStreams {
  readonly input: Readable;
  readonly output: Writable;
  /** Called for each line that is not hexadecimal. */
  readonly complain: (sentence: string) => void;
}

/**
 * Decodes to the input's end; returns the exit code: 0, or 2 if a line was not hexadecimal. That line is answered
 * with `{"refused":"hex"}`: every line has its answer. The packet filter knows `listings` and no market date. An
 * empty line is an empty frame.
 */
export async function decodeLines(
  streams: DecodeStreams,
  listings: readonly Listing[],
  nowMs: number,
): Promise<number> {
  const filter = new PacketFilter({
    instruments: listings.map((listing, index) => ({ ...listing, index })),
    mode: 0,
    marketDateMs: undefined,
    nowMs,
  });
  const { codec } = broker;
  const packet = new Packet();
  let exitCode: number = EXIT.pass;
  let number = 0;
  const answer = (line: string): object => {
    if (line.length % 2 !== 0 || /[^0-9a-f]/i.test(line)) {
      exitCode = EXIT.usage;
      streams.complain(`Line ${number} is not a whole number of bytes in hexadecimal.`);
      return { refused: 'hex' };
    }
    const refused = codec.decode(Buffer.from(line, 'hex'), packet);
    if (refused !== undefined) return { refused };
    return { ...codec.toJson(packet), admitted: filter.judge(packet) ?? true };
  };
  for await (const line of createInterface({ input: streams.input, crlfDelay: Infinity })) {
    number++;
    if (!streams.output.write(`${JSON.stringify(answer(line.trim()))}\n`))
      await once(streams.output, 'drain');
  }
  return exitCode;
}

export const command = defineCommand<'decode', undefined>({
  about:
    'Field names are those of the protocol; integers are decimal strings. `admitted` is true, or the reason why not; a refused frame is {"refused":"length"} or {"refused":"mode"}.',
  exitCodes: { 0: 'every line was read', 2: 'a line was not hexadecimal' },
  example: 'tickshard decode < frames.hex',
  check: () => undefined,
  run: () => {
    const complain = (sentence: string): void => void process.stderr.write(`tickshard: ${sentence}\n`);
    return decodeLines(
      { input: process.stdin, output: process.stdout, complain },
      niftyFifty(),
      new SystemClock().wallMs(),
    );
  },
  printsOnly: () => true,
});
