/** A lock file that names its holder, so that the lock of a killed process is recognised. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/** Linux: the process's start time, because a process id is used again. Elsewhere the id alone. */
function startOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').split(' ')[20];
  } catch {
    return '';
  }
}

const nameOf = (pid) => `${pid} ${startOf(pid)}`;
const own = nameOf(process.pid);

function isAlive(holder) {
  const pid = Number(holder.split(' ')[0]);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return nameOf(pid) === holder;
}

const holderOf = (lock) => {
  try {
    return readFileSync(lock, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Writes the file aside, so that a lock is never empty. */
function aside(lock, then) {
  const path = `${lock}.${process.pid}.tmp`;
  writeFileSync(path, own);
  try {
    then(path);
  } finally {
    rmSync(path, { force: true });
  }
}

function isTaken(lock) {
  let taken = true;
  aside(lock, (path) => {
    try {
      linkSync(path, lock);
      taken = false;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  });
  return taken;
}

/** Removes a dead holder's lock. If another process has just replaced it, that one's lock is put back. */
function removeOf(holder, lock) {
  const path = `${lock}.${process.pid}.old`;
  try {
    renameSync(lock, path);
    if (readFileSync(path, 'utf8') !== holder) linkSync(path, lock);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  rmSync(path, { force: true });
}

/** Waits until this process holds the lock. */
export async function hold(lock) {
  while (isTaken(lock)) {
    const holder = holderOf(lock);
    if (holder !== undefined && !isAlive(holder)) removeOf(holder, lock);
    else await sleep(POLL_MS);
  }
}

/** Takes the lock from the parent process, which waits for this one. */
export function takeOver(lock) {
  aside(lock, (path) => renameSync(path, lock));
}

/** Does nothing if another process holds the lock. */
export function release(lock) {
  if (holderOf(lock) === own) rmSync(lock, { force: true });
}
