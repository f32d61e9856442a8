/** Strangers' texts made fit for sentences, logs and terminals. */

/** What every token of the broker looks like (docs/protocol.md 1), also where the rest of it was cut off. */
const TOKEN = /\beyJ[\w-]{8,}[\w.-]*/g;

/** Shorter ones are no secrets: a PIN has four digits, and taking out single letters would leave nothing to read. */
const MIN_SECRET_LENGTH = 3;

/** Each secret as it is and as it stands in a URL. */
export function secretForms(secrets: Iterable<string>): string[] {
  return [...secrets]
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => [secret, encodeURIComponent(secret)]);
}

/** What gives `secrets` away. The longest first: a PIN that is part of a token must not keep the token from being found. */
function secretPattern(secrets: Iterable<string>): RegExp | undefined {
  const sorted = [...new Set(secretForms(secrets))]
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  return sorted.length === 0 ? undefined : new RegExp(sorted.join('|'), 'gi');
}

/** `text` without control and invisible characters, `secrets` or anything that looks like a token, and then at most `longest` characters of it. */
export function sanitize(text: string, secrets: Iterable<string>, longest: number): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  const found = secretPattern(secrets);
  const clean = found === undefined ? visible : visible.replace(found, '[secret]');
  return clean.replace(TOKEN, '[secret]').slice(0, longest).trim();
}
