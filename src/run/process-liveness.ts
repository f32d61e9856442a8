/** Is the process that wrote a journal still running? */
import { readFileSync } from 'node:fs';
import { lives } from '../text/atomic-file.js';

/** State and start time of a process on Linux; undefined if there is no such process, and on other systems. */
function processStat(processId: number): { readonly state: string; readonly start: string } | undefined {
  try {
    // The program's name is in parentheses and may hold any byte. Field 3, the state, follows it; field 22 is the
    // start.
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], start: fields[19] };
  } catch (error) {
    void error;
    return undefined;
  }
}

/**
 * When a process started, in clock ticks since boot. The kernel reuses process numbers: number and start together
 * identify a process. Null on systems other than Linux.
 */
export function processStart(processId: number): string | null {
  return processStat(processId)?.start ?? null;
}

/** True if the process with this number and start is running, and if the system does not tell. */
export function isAlive(processId: number, start: string | null): boolean {
  if (processId === process.pid) return start === processStart(process.pid);
  if (!lives(processId)) return false;
  const now = processStat(processId);
  if (now === undefined) return true;
  // Killed, but its parent has not collected its exit status yet.
  const gone = now.state === 'Z' || now.state === 'X';
  return !gone && (start === null || now.start === start);
}
