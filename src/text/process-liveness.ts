/** Is the process that wrote a journal still running? */
import { readFileSync } from 'node:fs';
import { lives } from './atomic-file.js';

/** Linux only; undefined elsewhere, and if there is no such process. */
function processStat(processId: number): { readonly state: string; readonly start: string } | undefined {
  try {
    // The program's name, in parentheses, may hold any byte. After it: field 3, the state; field 22, the start.
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], start: fields[19] };
  } catch (error) {
    void error;
    return undefined;
  }
}

/**
 * Start in clock ticks since boot; null on systems other than Linux. The kernel reuses process numbers: number and
 * start together identify a process.
 */
export function processStart(processId: number): string | null {
  return processStat(processId)?.start ?? null;
}

/** True also if the system does not tell. */
export function isAlive(processId: number, start: string | null): boolean {
  if (processId === process.pid) return start === processStart(process.pid);
  if (!lives(processId)) return false;
  const now = processStat(processId);
  if (now === undefined) return true;
  // Dead, but its parent has not collected its exit status.
  const gone = now.state === 'Z' || now.state === 'X';
  return !gone && (start === null || now.start === start);
}
