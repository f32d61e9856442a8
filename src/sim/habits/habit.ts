/** One habit of the command line, `NAME=value` or `NAME=off`, checked against the catalogue. */

import { EngineError } from '../../errors.js';
import { nearest } from '../../text/nearest.js';
import {
  boundsOf,
  HABIT_NAMES,
  HABITS,
  isHabitName,
  MEASURED,
  type HabitName,
  type Habits,
} from './catalogue.js';

export interface Habit {
  /** `all` only with `off`. */
  readonly name: HabitName | 'all';
  /** Undefined for off. */
  readonly value: number | undefined;
}

const ALL = 'all';
const OFF = 'off';

/** Throws EngineError USAGE with what may be given. */
export function parseHabit(text: string): Habit {
  const equals = text.indexOf('=');
  const [name, value] = equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
  if (name === ALL) {
    if (value === OFF) return { name, value: undefined };
    throw refusal(`--habit all takes off alone, as in --habit all=off, not \`${text}\`.`);
  }
  if (!isHabitName(name))
    throw refusal(
      `--habit takes NAME=value or NAME=off, and no habit is named \`${name}\`: the nearest is ${nearest(name, HABIT_NAMES)}, and tickshard simulate --habits lists all.`,
    );
  const habit = HABITS[name];
  if (value === OFF) return { name, value: undefined };
  const pattern = habit.whole ? /^\d{1,9}$/ : /^\d{1,9}(\.\d{1,6})?$/;
  const number = value !== undefined && pattern.test(value) ? Number(value) : Number.NaN;
  if (!(number >= habit.min && number <= habit.max))
    throw refusal(
      `--habit ${name} takes ${boundsOf(habit)} or off, as in --habit ${name}=${habit.preset}, not \`${value ?? ''}\`.`,
    );
  return { name, value: number };
}

/** The measured ones with changes; of two changes of one habit the last counts. */
export function habitsWith(changes: readonly Habit[]): Habits {
  let habits: Habits = MEASURED;
  for (const { name, value } of changes)
    habits =
      name === ALL
        ? (Object.fromEntries(HABIT_NAMES.map((one) => [one, undefined])) as Habits)
        : { ...habits, [name]: value };
  return Object.freeze(habits);
}

/** Those that are not as measured, as `--habit` takes them. */
export function changedHabits(habits: Habits): string[] {
  return HABIT_NAMES.filter((name) => habits[name] !== MEASURED[name]).map((name) =>
    habitText(name, habits[name]),
  );
}

/** As `--habit` takes it. */
export function habitText(name: HabitName, value: number | undefined): string {
  return `${name}=${value ?? OFF}`;
}

function refusal(sentence: string): EngineError {
  return new EngineError('USAGE', sentence);
}
