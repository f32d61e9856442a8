/** Rows of a CSV file that comes in pieces: quotes as in RFC 4180, and the separators that programs use. */
import type { FoundText } from './objects.js';

/** With the best five as text, a row has about 2,000 characters. */
const MAX_LENGTH = 65_536;
const SEPARATORS = [',', ';', '\t', '|'] as const;

/** Cells of one row, or why a row cannot be read. */
export interface FoundRow extends Pick<FoundText, 'line' | 'wrong'> {
  readonly cells?: readonly string[];
}

/** The separator of a header: the one that is in it most often. */
export function separatorOf(header: string): string {
  const times = (sign: string): number => header.split(sign).length;
  return [...SEPARATORS].sort((a, b) => times(b) - times(a))[0];
}

export class RowFinder {
  readonly #separator: string;
  #line = 1;
  #startLine = 1;
  #cells: string[] = [];
  #cell = '';
  #length = 0;
  /** In a quoted cell; after a quote that may have ended it. */
  #quoted = false;
  #maybeEnd = false;
  #tooLong = false;

  constructor(separator: string) {
    this.#separator = separator;
  }

  /** The rows that end in `chunk`. */
  take(chunk: string): FoundRow[] {
    const found: FoundRow[] = [];
    for (const sign of chunk) this.#sign(sign, found);
    return found;
  }

  end(): FoundRow[] {
    const found: FoundRow[] = [];
    if (this.#quoted && !this.#maybeEnd) found.push({ line: this.#startLine, wrong: 'cut off' });
    else this.#endRow(found);
    return found;
  }

  #sign(sign: string, found: FoundRow[]): void {
    if (sign === '\n') this.#line++;
    if (++this.#length > MAX_LENGTH && !this.#tooLong) {
      this.#tooLong = true;
      found.push({ line: this.#startLine, wrong: 'too long' });
      // Quotes cannot be trusted any more: the row ends with its line.
      this.#quoted = false;
    }
    if (this.#tooLong) {
      if (sign === '\n') this.#begin();
      return;
    }
    if (this.#quoted && !this.#maybeEnd) {
      if (sign === '"') this.#maybeEnd = true;
      else this.#cell += sign;
      return;
    }
    if (this.#maybeEnd) {
      this.#maybeEnd = false;
      if (sign === '"') {
        this.#cell += sign;
        return;
      }
      this.#quoted = false;
    }
    if (sign === '\n') this.#endRow(found);
    else if (sign === this.#separator) this.#endCell();
    else if (sign === '"' && this.#cell.trim() === '') {
      this.#cell = '';
      this.#quoted = true;
    } else this.#cell += sign;
  }

  #endCell(): void {
    this.#cells.push(this.#cell.trim());
    this.#cell = '';
  }

  #endRow(found: FoundRow[]): void {
    this.#endCell();
    if (this.#cells.length > 1 || this.#cells[0] !== '')
      found.push({ line: this.#startLine, cells: this.#cells });
    this.#begin();
  }

  #begin(): void {
    this.#cells = [];
    this.#cell = '';
    this.#length = 0;
    this.#quoted = false;
    this.#maybeEnd = false;
    this.#tooLong = false;
    this.#startLine = this.#line;
  }
}
