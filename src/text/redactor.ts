/** Takes secrets out of bytes that are kept as they came. */
import { secretForms } from './sanitize.js';

/** A part of a secret so long gives it away as well: what a stranger sends may begin or end in the middle of one. */
const PART = 8;

export class Redactor {
  readonly #secrets: ReadonlySet<string>;
  #known = -1;
  #whole: string[] = [];
  readonly #parts = new Set<string>();

  /** `secrets` may grow. */
  constructor(secrets: ReadonlySet<string>) {
    this.#secrets = secrets;
  }

  /** Overwrites in place, with asterisks, every secret and every part of one, in any case of its letters and as it stands in a URL. */
  conceal(bytes: Buffer): void {
    if (this.#known !== this.#secrets.size) this.#learn();
    // A byte a character, so a place in the one is the same place in the other.
    const text = bytes.toString('latin1').toLowerCase();
    for (let at = 0; at + PART <= text.length; at++)
      if (this.#parts.has(text.slice(at, at + PART))) bytes.fill('*', at, at + PART);
    for (const secret of this.#whole)
      for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
        bytes.fill('*', at, at + secret.length);
  }

  #learn(): void {
    this.#known = this.#secrets.size;
    // What is not ASCII in a secret stands in bytes as UTF-8.
    const forms = secretForms(this.#secrets).map((form) =>
      Buffer.from(form).toString('latin1').toLowerCase(),
    );
    this.#whole = forms.filter((form) => form.length < PART);
    this.#parts.clear();
    for (const form of forms)
      for (let at = 0; at + PART <= form.length; at++) this.#parts.add(form.slice(at, at + PART));
  }
}
