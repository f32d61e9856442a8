/**
 * Guards the standard streams. A pipe without a reader, a closed terminal or a full disk loses output, which alone
 * must not end a run before its verdict. A reader that stops must not hold up the thread of the socket.
 */
import { EXIT, sentenceOf } from '../errors.js';

/** The pipe's reader (`| head`) or the terminal is gone. */
const GONE = ['EPIPE', 'EIO'];
/** A full disk, quota or limit. */
const FULL = ['ENOSPC', 'EFBIG', 'EDQUOT'];

function silence(stream: NodeJS.WriteStream, error: Error): void {
  // The error destroyed the stream: every later write would fail.
  stream.write = () => true;
  if (stream !== process.stdout) return;
  process.stderr.write(
    `tickshard: The standard output cannot be written (${sentenceOf(error)}); what is printed there from now on is lost.\n`,
  );
  // A caller must not take the output for complete.
  process.once('exit', (code) => {
    if (code === EXIT.pass) process.exitCode = EXIT.failed;
  });
}

/**
 * Node writes to a terminal synchronously: after Ctrl-S the thread would stand still. Other streams that block are
 * files. What is written waits in the stream, and the process ends when it is taken.
 */
function neverBlock(stream: NodeJS.WriteStream): void {
  const { _handle: handle } = stream as { _handle?: { setBlocking?(blocking: boolean): number } };
  handle?.setBlocking?.(false);
}

/**
 * Call once. `onLost` is called when a stream is lost, with the exit code for a program that only prints. Other
 * errors are thrown.
 */
export function guardStandardStreams(onLost: (exitCode: number) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    neverBlock(stream);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? '';
      if (FULL.includes(code)) silence(stream, error);
      else if (!GONE.includes(code)) throw error;
      onLost(GONE.includes(code) ? EXIT.pass : EXIT.failed);
    });
  }
}
