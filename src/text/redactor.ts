/** Removes secrets from bytes that are kept as received. */
import { secretForms } from './sanitize.js';

/** Parts of a secret from this length are redacted too: untrusted bytes may begin or end inside one. */
const PART_LENGTH = 8;

export class Redactor {
  readonly #secrets: ReadonlySet<string>;
  #indexedSecrets = -1;
  #whole: string[] = [];
  readonly #parts = new Set<string>();

  /** `secrets` may grow later. */
  constructor(secrets: ReadonlySet<string>) {
    this.#secrets = secrets;
  }

  /** Overwrites in place, with asterisks, every secret and part of one, in any case, plain or URL-encoded. */
  redact(bytes: Buffer): void {
    if (this.#indexedSecrets !== this.#secrets.size) this.#indexSecrets();
    // Latin-1 has one byte a character, so the text's offsets are the bytes'.
    const text = bytes.toString('latin1').toLowerCase();
    for (let at = 0; at + PART_LENGTH <= text.length; at++)
      if (this.#parts.has(text.slice(at, at + PART_LENGTH))) bytes.fill('*', at, at + PART_LENGTH);
    for (const secret of this.#whole)
      for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
        bytes.fill('*', at, at + secret.length);
  }

  #indexSecrets(): void {
    this.#indexedSecrets = this.#secrets.size;
    // The bytes hold secrets as UTF-8.
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
