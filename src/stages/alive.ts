/** Whether the process that wrote something still lives. */
import { readFileSync } from 'node:fs';

/** When a process started, in the kernel's own count: with it a number that was given out again is not taken for the same process. Null where the system does not say. */
export function processStart(processId: number): string | null {
  try {
    // The name of the program stands in parentheses and may hold anything; the 22nd field is the 20th behind it.
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch (error) {
    // No such process, or no such file system.
    void error;
    return null;
  }
}

/** Whether the process of that number and start lives. True when the system will not say. */
export function isAlive(processId: number, start: string | null): boolean {
  if (processId === process.pid) return start === processStart(process.pid);
  try {
    process.kill(processId, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = processStart(processId);
  return start === null || now === null || now === start;
}
