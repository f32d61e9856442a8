/** Reads the packets of a journal: once to count them, then those of some instruments at a time. */
import type { FrameCodec } from '../broker/broker.js';
import type { MessageBatch } from '../broker/messages.js';
import { JournalSummaryBuilder, type JournalSummary } from '../ingest/journal-source.js';
import { PacketFilter } from '../ingest/packet-filter.js';
import { KIND, type BlockStamp, type Kind } from '../journal/format.js';
import type { RunMeta } from '../journal/meta.js';
import { readJournal } from '../journal/reader.js';
import { MODE, Packet } from '../market/packet.js';

/** Binary messages that are no row of an export, by reason. */
interface LeftOut {
  /** No packet: their length or mode is wrong. */
  readonly refused: number;
  /** Of an instrument that the run did not have. */
  readonly foreign: number;
  /** Of another mode than the run's. */
  readonly otherMode: number;
}

export interface JournalSurvey {
  readonly summary: JournalSummary;
  /** Packets by instrument index. */
  readonly counts: Float64Array;
  readonly leftOut: LeftOut;
}

/** Of one message: its instrument's index, or why it is no row. */
type Verdict = number | keyof LeftOut;

/** Says which messages are packets of the run. */
class Sorter {
  readonly #codec: FrameCodec;
  readonly #packet = new Packet();
  #filter: PacketFilter | undefined;
  #mode = 0;

  constructor(codec: FrameCodec) {
    this.#codec = codec;
  }

  /** The first meta of a journal says what its run had. */
  run({ instruments, mode, marketDateMs }: RunMeta): void {
    this.#mode = MODE[mode];
    this.#filter ??= new PacketFilter({ instruments, mode: this.#mode, marketDateMs });
  }

  judge(message: Uint8Array): Verdict {
    const packet = this.#packet;
    if (this.#filter === undefined || this.#codec.decode(message, packet) !== undefined) return 'refused';
    const instrument = this.#filter.find(packet.exchangeType, packet.tokenNumber);
    if (instrument < 0) return 'foreign';
    return packet.mode === this.#mode ? instrument : 'otherMode';
  }
}

/** Counts a journal's packets. Throws EngineError JOURNAL if unusable. */
export async function surveyJournal(folder: string, codec: FrameCodec): Promise<JournalSurvey> {
  const builder = new JournalSummaryBuilder(folder);
  const sorter = new Sorter(codec);
  const leftOut = { refused: 0, foreign: 0, otherMode: 0 };
  let counts = new Float64Array(0);
  const extent = await readJournal(folder, {
    entry: (kind, bytes, stamp) => {
      builder.entry(kind, bytes, stamp);
      if (kind !== KIND.meta || counts.length > 0) return;
      sorter.run(builder.meta!);
      counts = new Float64Array(builder.meta!.instruments.length);
    },
    frames: (messages, stamp) => {
      builder.frames(messages.count, stamp);
      for (let k = 0; k < messages.count; k++) {
        const verdict = sorter.judge(messages.slice(k));
        if (typeof verdict === 'number') counts[verdict]++;
        else leftOut[verdict]++;
      }
    },
    incomplete: (over) => builder.incomplete(over),
  });
  return { summary: builder.build(extent), counts, leftOut };
}

export interface PacketVisitor {
  /** A packet of the run. Bytes are valid during the call. `arrival`: number of the message, from 1. */
  packet(
    instrument: number,
    bytes: Uint8Array,
    stamp: BlockStamp,
    arrival: number,
    subscribedMs: number,
  ): void;
  /** After each block; a visitor may write in it. */
  blockOver(): Promise<void> | undefined;
}

/**
 * Hands over the packets of the first messages of a journal, as many as the survey saw: a run may still be writing.
 * Throws EngineError JOURNAL.
 */
export async function visitPackets(
  { summary }: JournalSurvey,
  codec: FrameCodec,
  visitor: PacketVisitor,
): Promise<void> {
  const sorter = new Sorter(codec);
  sorter.run(summary.meta);
  let arrival = 0;
  let subscribed = { connection: 0, marketMs: 0 };
  const frames = (messages: MessageBatch, stamp: BlockStamp): void => {
    // Without the entry, which no journal of ours lacks, the first packet stands for it.
    if (subscribed.connection !== stamp.connection) subscribed = { ...stamp };
    for (let k = 0; k < messages.count && arrival < summary.frames; k++) {
      arrival++;
      const message = messages.slice(k);
      const instrument = sorter.judge(message);
      if (typeof instrument === 'number')
        visitor.packet(instrument, message, stamp, arrival, subscribed.marketMs);
    }
  };
  await readJournal(summary.folder, {
    entry: (kind: Kind, _bytes, stamp) => {
      if (kind === KIND.subscribed) subscribed = { ...stamp };
    },
    frames,
    blockOver: () => visitor.blockOver(),
    seenEnough: () => arrival >= summary.frames,
  });
}
