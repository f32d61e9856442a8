/**
 * Finds the objects in a text that comes in pieces: one a line, several on one, or over several lines; in an array,
 * after a log's words, or alone. Each is bounded, and so is memory.
 */

/** A packet with its best five, printed over several lines, has about 3,000 characters. */
const MAX_LENGTH = 65_536;

const [LINE_FEED, QUOTE, APOSTROPHE, COMMA, OPEN, BACKSLASH, CLOSE] = [10, 34, 39, 44, 91, 92, 93];
const [BEGIN, END] = [123, 125];

/** Why a line holds nothing. */
export const NO_OBJECT = 'without an object';

/** What a text holds: an object's text, or why a line has no object. */
export interface FoundText {
  /** Number of the line in which it begins, from 1. */
  readonly line: number;
  readonly text?: string;
  readonly wrong?: string;
}

/** Signs between objects that say nothing. */
const isBlank = (code: number): boolean => code <= 32 || code === COMMA || code === OPEN || code === CLOSE;

export class ObjectFinder {
  #line = 1;
  #depth = 0;
  #quote = 0;
  #escaped = false;
  #atLineStart = true;
  /** In the current line. */
  #hasObject = false;
  #hasWords = false;
  /** Of the open object. */
  #startLine = 0;
  #before = '';

  /** The objects that end in `chunk`, and lines without one. */
  take(chunk: string): FoundText[] {
    const found: FoundText[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at);
      if (this.#depth > 0 && this.#atLineStart && code === BEGIN) {
        // Lines of one object each: the one before was cut off.
        found.push({ line: this.#startLine, wrong: 'cut off' });
        this.#depth = 0;
        this.#before = '';
      }
      this.#atLineStart = code === LINE_FEED;
      if (code === LINE_FEED) this.#endLine(found);
      else if (this.#depth > 0) {
        if (!this.#closes(code)) continue;
        found.push({ line: this.#startLine, text: this.#before + chunk.slice(from, at + 1) });
        this.#before = '';
      } else if (code === BEGIN) {
        this.#depth = 1;
        this.#startLine = this.#line;
        this.#hasObject = true;
        from = at;
      } else if (!isBlank(code)) this.#hasWords = true;
    }
    if (this.#depth > 0) this.#keep(chunk.slice(from), found);
    return found;
  }

  /** What the end of the text leaves. */
  end(): FoundText[] {
    const found: FoundText[] = [];
    if (this.#depth > 0) found.push({ line: this.#startLine, wrong: 'cut off' });
    else this.#endLine(found);
    return found;
  }

  #endLine(found: FoundText[]): void {
    if (this.#depth === 0 && this.#hasWords && !this.#hasObject)
      found.push({ line: this.#line, wrong: NO_OBJECT });
    // No client prints a line feed in a string.
    this.#quote = 0;
    this.#escaped = false;
    this.#hasObject = this.#depth > 0;
    this.#hasWords = false;
    this.#line++;
  }

  /** True if a sign in an object ends it. */
  #closes(code: number): boolean {
    if (this.#quote !== 0) {
      if (this.#escaped) this.#escaped = false;
      else if (code === BACKSLASH) this.#escaped = true;
      else if (code === this.#quote) this.#quote = 0;
      return false;
    }
    if (code === QUOTE || code === APOSTROPHE) this.#quote = code;
    else if (code === BEGIN) this.#depth++;
    else if (code === END) this.#depth--;
    return this.#depth === 0;
  }

  #keep(text: string, found: FoundText[]): void {
    this.#before += text;
    if (this.#before.length <= MAX_LENGTH) return;
    found.push({ line: this.#startLine, wrong: 'too long' });
    this.#depth = 0;
    this.#before = '';
  }
}
