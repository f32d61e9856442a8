/**
 * Compacts a run's closed segments, in a thread that takes what others leave: it rests three times as long as it
 * works, and has the lowest priority where a thread can have one of its own.
 */
import { setPriority } from 'node:os';
import { monoMs, sleep } from '../clock.js';
import { sentenceOf } from '../errors.js';
import { compactSegment } from '../journal/compact.js';
import type { CompactorTask, FromCompactor, ToCompactor } from './compactor-messages.js';

/** Of `setPriority`; elsewhere than on Linux it is the whole process's. */
const LOWEST = 19;
/** Rest after a step, by the time that it took. */
const REST = 3;

/** Until the thread is ended. */
export async function compactSegments({ port, folder }: CompactorTask): Promise<void> {
  if (process.platform === 'linux') setPriority(0, LOWEST);
  let hurry = false;
  let begunMs = 0;
  const rest = async (): Promise<void> => {
    if (!hurry) await sleep(REST * (monoMs() - begunMs));
    begunMs = monoMs();
  };
  const answer = async (number: number): Promise<FromCompactor> => {
    begunMs = monoMs();
    try {
      const segment = await compactSegment(folder, number, rest);
      return typeof segment === 'string' ? { kind: 'kept', why: segment } : { kind: 'compacted', segment };
    } catch (error) {
      return { kind: 'failed', sentence: sentenceOf(error) };
    }
  };
  await new Promise<void>((resolve) => {
    port.on('close', resolve);
    port.on('message', (message: ToCompactor) => {
      if (message.kind === 'hurry') hurry = true;
      else void answer(message.number).then((done) => port.postMessage(done));
    });
  });
}
