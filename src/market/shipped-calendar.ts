/** The trading calendar that ships with the program. */
import { readFileSync } from 'node:fs';
import { shipped } from '../paths.js';
import { Calendar } from './session.js';

/** Throws EngineError CONFIG if the shipped file was edited and is not valid. */
export function shippedCalendar(): Calendar {
  const path = 'data/sessions/nse-sessions.json';
  return Calendar.parse(readFileSync(shipped(path), 'utf8'), path);
}
