/**
 * Objects as programs print them: JSON, Python's `repr` of a dict, and what `console.log` of Node prints. Integers of
 * more than 15 digits become strings, so that none is rounded.
 */
import { isObject } from '../text/json.js';

/** Of nested objects: deeper ones are no packet, and would overflow the stack. */
const MAX_DEPTH = 8;
const LONG_INTEGER = /\d{16}/;

const WORDS: Readonly<Record<string, unknown>> = { true: true, True: true, false: false, False: false };

class Malformed extends Error {}

class RelaxedParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The whole text as one value. Throws Malformed. */
  whole(): unknown {
    const value = this.#value(0);
    this.#space();
    if (this.#at !== this.#text.length) throw new Malformed();
    return value;
  }

  #space(): void {
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= 32) this.#at++;
  }

  #peek(): string {
    this.#space();
    return this.#text.charAt(this.#at);
  }

  /** Takes `sign` if it is next. */
  #takes(sign: string): boolean {
    if (this.#peek() !== sign) return false;
    this.#at++;
    return true;
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Malformed();
    const sign = this.#peek();
    if (sign === '{') return this.#object(depth);
    if (sign === '[') return this.#list(depth, ']');
    if (sign === '(') return this.#list(depth, ')');
    if (sign === '"' || sign === "'") return this.#string(sign);
    return this.#word(depth);
  }

  #object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at++;
    while (!this.#takes('}')) {
      const sign = this.#peek();
      const key = sign === '"' || sign === "'" ? this.#string(sign) : this.#take(/[\w$]+/y);
      if (!this.#takes(':')) throw new Malformed();
      // `__proto__` must not reach the prototype.
      Object.defineProperty(object, key, {
        value: this.#value(depth + 1),
        enumerable: true,
        configurable: true,
      });
      if (!this.#takes(',') && this.#peek() !== '}') throw new Malformed();
    }
    return object;
  }

  #list(depth: number, end: string): unknown[] {
    const list: unknown[] = [];
    this.#at++;
    while (!this.#takes(end)) {
      list.push(this.#value(depth + 1));
      if (!this.#takes(',') && this.#peek() !== end) throw new Malformed();
    }
    return list;
  }

  #string(quote: string): string {
    let text = '';
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const sign = this.#text.charAt(this.#at);
      if (sign === quote) {
        this.#at++;
        return text;
      }
      if (sign !== '\\') text += sign;
      else text += this.#escaped();
    }
    throw new Malformed();
  }

  /** The character that an escape stands for; the place is left on its last sign. */
  #escaped(): string {
    const sign = this.#text.charAt(++this.#at);
    const digits = sign === 'u' ? 4 : sign === 'x' ? 2 : 0;
    if (digits === 0) return { n: '\n', t: '\t', r: '\r', '0': '\0' }[sign] ?? sign;
    const code = Number.parseInt(this.#text.slice(this.#at + 1, this.#at + 1 + digits), 16);
    this.#at += digits;
    return Number.isNaN(code) ? '' : String.fromCharCode(code);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [text] = pattern.exec(this.#text) ?? [];
    if (text === undefined) throw new Malformed();
    this.#at += text.length;
    return text;
  }

  /** A number, a constant, or a call such as `Decimal('1')` or `datetime.datetime(2026, 1, 16, 9, 15)`. */
  #word(depth: number): unknown {
    const word = this.#take(/[-+\w.$]+/y);
    if (/^[-+]?\d+n?$/.test(word)) {
      const digits = word.replace(/n$/, '');
      return LONG_INTEGER.test(digits) ? digits : Number(digits);
    }
    if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word)) return Number(word);
    if (this.#peek() !== '(') return Object.hasOwn(WORDS, word) ? WORDS[word] : null;
    const values = this.#list(depth + 1, ')');
    return /datetime$/.test(word) ? timeOf(values) : values[0];
  }
}

/** Python's `datetime(year, month, day, hour, minute, second, microsecond)` as a text without a zone. */
function timeOf(values: readonly unknown[]): string | undefined {
  if (values.length < 3 || !values.every((value) => typeof value === 'number')) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0, micro = 0] = values;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}.${String(micro).padStart(6, '0')}`;
}

/** Any value as a program prints it; undefined if it cannot be read. Never throws. */
export function parsePrinted(text: string): unknown {
  const exact = LONG_INTEGER.test(text)
    ? text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (part) =>
        part.startsWith('"') ? part : `"${part}"`,
      )
    : text;
  try {
    return JSON.parse(exact);
  } catch (error) {
    // Not JSON: one of the other two, or none.
    void error;
  }
  try {
    return new RelaxedParser(text).whole();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** An object as a program prints it; undefined for anything else. Never throws. */
export function parseRecord(text: string): Record<string, unknown> | undefined {
  const value = parsePrinted(text);
  return isObject(value) ? value : undefined;
}
