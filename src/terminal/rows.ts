/** Lines that start with a status, for the checklist and the doctor. Pure. */
import type { Status } from '../gates/gate.js';

export type Paint = (status: Status, text: string) => string;

export interface StatusRow {
  readonly status: Status;
  readonly title: string;
  readonly observed: string;
  /** What to do, on a second line. */
  readonly remedy?: string | undefined;
}

/** Column of the title and of a second line. */
const TITLE_AT = 9;
/** A narrower column holds a word a line: the text then goes below the title. */
const MIN_TEXT = 24;

/** Lines of at most `width` characters, all but the first indented; unlike in wrap(), the indent is extra. */
function column(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

/** The title is padded to `titleWidth`, the row wrapped to `columns`. */
export function statusRow(
  { status, title, observed, remedy }: StatusRow,
  titleWidth: number,
  paint: Paint,
  columns = Infinity,
): string {
  const indent = TITLE_AT + titleWidth + 2;
  const below = (text: string): string =>
    `\n${' '.repeat(TITLE_AT)}${column(text, Math.max(MIN_TEXT, columns - TITLE_AT - 1), TITLE_AT)}`;
  const width = columns - indent - 1;
  const text =
    width < MIN_TEXT
      ? `${title}${below(observed)}`
      : `${title.padEnd(titleWidth)}  ${column(observed, width, indent)}`;
  return `  ${paint(status, `[${status}]`)} ${text}${remedy === undefined ? '' : below(remedy)}`;
}
