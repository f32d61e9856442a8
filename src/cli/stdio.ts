/**
 * The standard streams, guarded. A pipe whose reader has gone, a terminal that is closed, a file on a full disk: what is printed
 * then is lost, and that alone is no reason to end a run before its verdict.
 */
import { EXIT, sentenceOf } from '../errors.js';

/** A reader that has seen enough (`| head`), and a terminal that is closed. */
const GONE = ['EPIPE', 'EIO'];
/** A disk that is full, or says so in other words. */
const FULL = ['ENOSPC', 'EFBIG', 'EDQUOT'];

function lose(stream: NodeJS.WriteStream, error: Error): void {
  // The stream is destroyed by its error, and would answer each further write with another.
  stream.write = () => true;
  if (stream !== process.stdout) return;
  process.stderr.write(
    `tickshard: The standard output cannot be written (${sentenceOf(error)}); what is printed there from now on is lost.\n`,
  );
  // Whoever asked for that output must not take it for whole.
  process.once('exit', (code) => {
    if (code === EXIT.pass) process.exitCode = EXIT.failed;
  });
}

/** Call once. `onLost` is told when a stream can be written no more, and what a program that only prints should then exit with. Other errors are thrown. */
export function guardStandardStreams(onLost: (exitCode: number) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? '';
      if (FULL.includes(code)) lose(stream, error);
      else if (!GONE.includes(code)) throw error;
      onLost(GONE.includes(code) ? EXIT.pass : EXIT.failed);
    });
  }
}
