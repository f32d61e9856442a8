/** Whether the process that wrote something still lives. */
import { readFileSync } from 'node:fs';
import { lives } from '../text/atomic-file.js';

/** The state and the start of a process as Linux tells them; undefined for none, and on other systems. */
function statOf(processId: number): { readonly state: string; readonly start: string } | undefined {
  try {
    // The name of the program stands in parentheses and may hold anything. Behind it come the 3rd field, the state, and so on; the start is the 22nd.
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], start: fields[19] };
  } catch (error) {
    void error;
    return undefined;
  }
}

/** When a process started, in the kernel's own count: with it a number that was given out again is not taken for the same process. Null where the system does not say. */
export function processStart(processId: number): string | null {
  return statOf(processId)?.start ?? null;
}

/** Whether the process of that number and start lives. True when the system will not say. */
export function isAlive(processId: number, start: string | null): boolean {
  if (processId === process.pid) return start === processStart(process.pid);
  if (!lives(processId)) return false;
  const now = statOf(processId);
  if (now === undefined) return true;
  // Killed, and its parent has not asked for its end yet.
  const gone = now.state === 'Z' || now.state === 'X';
  return !gone && (start === null || now.start === start);
}
