/** Strangers' texts made fit for sentences, logs and terminals. */

/** What every token of the broker looks like (PROTOCOL.md 1), also where the rest of it was cut off. */
const TOKEN = /\beyJ[\w-]{8,}[\w.-]*/g;

/** Shorter ones are no secrets: a PIN has four digits, and taking out single letters would leave nothing to read. */
const SHORTEST = 3;

/** What gives `secrets` away: each as it is or as it stands in a URL. The longest first: a PIN that is part of a token must not keep the token from being found. */
function traces(secrets: Iterable<string>): RegExp | undefined {
  const forms = [...secrets].filter((secret) => secret.length >= SHORTEST).flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const sorted = [...new Set(forms)].sort((a, b) => b.length - a.length).map((form) => form.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  return sorted.length === 0 ? undefined : new RegExp(sorted.join('|'), 'gi');
}

/** `text` without control and invisible characters, `secrets` or anything that looks like a token, and then at most `longest` characters of it. */
export function presentable(text: string, secrets: Iterable<string>, longest: number): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  const found = traces(secrets);
  const clean = found === undefined ? visible : visible.replace(found, '[secret]');
  return clean.replace(TOKEN, '[secret]').slice(0, longest).trim();
}

/** Overwrites `secrets`, and what looks like a token, in bytes that are kept as they came; their number stays. Nothing is said of them when they are no text. */
export function conceal(bytes: Buffer, secrets: Iterable<string>): void {
  const text = bytes.toString('latin1');
  // A byte a character, so places in the one are places in the other; what is not ASCII in a secret stands there as UTF-8.
  const found = traces([...secrets].map((secret) => Buffer.from(secret).toString('latin1')));
  const clean = (found === undefined ? text : text.replace(found, (trace) => '*'.repeat(trace.length))).replace(TOKEN, (trace) => '*'.repeat(trace.length));
  if (clean !== text) bytes.write(clean, 'latin1');
}
