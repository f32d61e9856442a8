/** Takes secrets out of bytes that are kept as they came. */
import { secretForms } from './sanitize.js';

/** A part of a secret so long gives it away as well: what a stranger sends may begin or end in the middle of one. */
const PART_LENGTH = 8;

export class Redactor {
  readonly #secrets: ReadonlySet<string>;
  #indexedSecrets = -1;
  #whole: string[] = [];
  readonly #parts = new Set<string>();

  /** `secrets` may grow. */
  constructor(secrets: ReadonlySet<string>) {
    this.#secrets = secrets;
  }

  /** Overwrites in place, with asterisks, every secret and every part of one, in any case of its letters and as it stands in a URL. */
  redact(bytes: Buffer): void {
    if (this.#indexedSecrets !== this.#secrets.size) this.#indexSecrets();
    // A byte a character, so a place in the one is the same place in the other.
    const text = bytes.toString('latin1').toLowerCase();
    for (let at = 0; at + PART_LENGTH <= text.length; at++)
      if (this.#parts.has(text.slice(at, at + PART_LENGTH))) bytes.fill('*', at, at + PART_LENGTH);
    for (const secret of this.#whole)
      for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
        bytes.fill('*', at, at + secret.length);
  }

  #indexSecrets(): void {
    this.#indexedSecrets = this.#secrets.size;
    // What is not ASCII in a secret stands in bytes as UTF-8.
    const forms = secretForms(this.#secrets).map((form) =>
      Buffer.from(form).toString('latin1').toLowerCase(),
    );
    this.#whole = forms.filter((form) => form.length < PART_LENGTH);
    this.#parts.clear();
    for (const form of forms)
      for (let at = 0; at + PART_LENGTH <= form.length; at++)
        this.#parts.add(form.slice(at, at + PART_LENGTH));
  }
}
