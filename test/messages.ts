/** Binary messages as one read of a socket delivers them. */
import { MessageBatch } from '../src/broker/messages.js';

/** The messages in one piece of memory that does not start at its buffer's start. Stops when the batch is full. */
export function messagesOf(all: readonly Uint8Array[]): MessageBatch {
  const messages = new MessageBatch();
  const before = 3;
  const bytes = Buffer.concat([Buffer.alloc(before), ...all]);
  messages.within(bytes.subarray(before));
  let at = 0;
  for (const { length } of all) {
    if (messages.isFull) break;
    messages.add(at, length);
    at += length;
  }
  return messages;
}
