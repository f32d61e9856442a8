/** Recognizes gzip. */

/** True if a file that begins with `head` is gzip. */
export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;
