/** Removes secrets from bytes that are kept as received. */
import { secretForms } from './sanitize.js';

/** A part of a secret of this length is redacted too: untrusted bytes may begin or end inside a secret. */
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

  /**
   * Overwrites with asterisks, in place, every secret and every part of one, in any letter case, plain or
   * URL-encoded.
   */
  redact(bytes: Buffer): void {
    if (this.#indexedSecrets !== this.#secrets.size) this.#indexSecrets();
    // Latin-1 has one byte for each character, so offsets in the text are offsets in the bytes.
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
