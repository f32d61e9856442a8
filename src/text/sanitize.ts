/** All the broker's tokens (docs/protocol.md 1), also when cut off. */
const TOKEN = /\beyJ[\w-]{8,}[\w.-]*/g;

/** Shorter values are no secrets: a PIN has four digits, and without single letters nothing is readable. */
const MIN_SECRET_LENGTH = 3;

/** Each secret, plain and URL-encoded. */
export function secretForms(secrets: Iterable<string>): string[] {
  return [...secrets]
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => [secret, encodeURIComponent(secret)]);
}

/** The longest first: a PIN that is part of a token must not hide the token. */
function secretPattern(secrets: Iterable<string>): RegExp | undefined {
  const sorted = [...new Set(secretForms(secrets))]
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  return sorted.length === 0 ? undefined : new RegExp(sorted.join('|'), 'gi');
}

/** `text` without control and invisible characters, `secrets` and token-like text, cut to `longest` characters. */
export function sanitize(text: string, secrets: Iterable<string>, longest: number): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  const found = secretPattern(secrets);
  const clean = found === undefined ? visible : visible.replace(found, '[secret]');
  return clean.replace(TOKEN, '[secret]').slice(0, longest).trim();
}
