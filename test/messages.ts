/** Binary messages as one read of a socket would deliver them. */
import { MessageBatch } from '../src/broker/messages.js';

/** The messages one behind the other, in bytes that begin somewhere in their buffer; at most as many as go together. */
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
