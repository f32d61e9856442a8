/** Strangers' texts made fit for sentences, logs and terminals. */

/** What every token of the broker looks like (PROTOCOL.md 1), also where the rest of it was cut off. */
const TOKEN = /\beyJ[\w-]{8,}[\w.-]*/g;

/** A secret as servers repeat it: as it is, in other letters, and as it stands in a URL. */
function traces(secret: string): RegExp {
  const forms = [...new Set([secret, encodeURIComponent(secret)])].map((form) => form.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  return new RegExp(forms.join('|'), 'gi');
}

/** `text` without control and invisible characters, `secrets` or anything that looks like a token, and then at most `longest` characters of it. */
export function presentable(text: string, secrets: Iterable<string>, longest: number): string {
  let clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  // The longest first: a PIN that happens to be part of a token must not keep the token from being found.
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) if (secret !== '') clean = clean.replace(traces(secret), '[secret]');
  return clean.replace(TOKEN, '[secret]').slice(0, longest).trim();
}
