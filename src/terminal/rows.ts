/** Lines with a status in front, as the checklist of a run and the doctor print them. Pure. */
import type { Status } from '../gates/gate.js';

export type Paint = (status: Status, text: string) => string;

export interface StatusRow {
  readonly status: Status;
  readonly title: string;
  readonly observed: string;
  /** A second line, where something is to be done. */
  readonly remedy?: string | undefined;
}

/** Columns before the title, and before a second line. */
const TITLE_AT = 9;

/** `text` broken into lines of at most `width`, all but the first behind `indent` blanks. */
function broken(text: string, width: number, indent: number): string {
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

/** One row, its title padded to `titleWidth`, broken to `columns`. */
export function statusRow(
  { status, title, observed, remedy }: StatusRow,
  titleWidth: number,
  paint: Paint,
  columns = Infinity,
): string {
  const indent = TITLE_AT + titleWidth + 2;
  const head = `  ${paint(status, `[${status}]`)} ${title.padEnd(titleWidth)}  ${broken(observed, columns - indent - 1, indent)}`;
  return remedy === undefined
    ? head
    : `${head}\n${' '.repeat(TITLE_AT)}${broken(remedy, columns - TITLE_AT - 1, TITLE_AT)}`;
}
