/**
 * Guards the standard streams. Output is lost when a pipe has no reader, a terminal is closed or a disk is full. That
 * alone must not end a run before its verdict.
 */
import { EXIT, sentenceOf } from '../errors.js';

/** The reader closed the pipe (`| head`), or the terminal is closed. */
const GONE = ['EPIPE', 'EIO'];
/** The disk is full, or a quota or limit is reached. */
const FULL = ['ENOSPC', 'EFBIG', 'EDQUOT'];

function silence(stream: NodeJS.WriteStream, error: Error): void {
  // The error destroyed the stream, and each further write would fail again.
  stream.write = () => true;
  if (stream !== process.stdout) return;
  process.stderr.write(
    `tickshard: The standard output cannot be written (${sentenceOf(error)}); what is printed there from now on is lost.\n`,
  );
  // A caller that reads the output must not take it for complete.
  process.once('exit', (code) => {
    if (code === EXIT.pass) process.exitCode = EXIT.failed;
  });
}

/**
 * Call once. `onLost` is called when a stream cannot be written any more, with the exit code for a program that only
 * prints. Other errors are thrown.
 */
export function guardStandardStreams(onLost: (exitCode: number) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? '';
      if (FULL.includes(code)) silence(stream, error);
      else if (!GONE.includes(code)) throw error;
      onLost(GONE.includes(code) ? EXIT.pass : EXIT.failed);
    });
  }
}
