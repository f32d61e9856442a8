/** Edits (insert, delete, replace a character) from `a` to `b`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

/** A longer text is no misspelt name, and is not compared character by character. */
const MAX_LENGTH = 64;

/** The name that `text` most likely means; the first of equally near ones. */
export function nearest(text: string, names: readonly string[]): string {
  const typed = text.slice(0, MAX_LENGTH).toLowerCase();
  const distances = names.map((name) => distance(typed, name));
  return names[distances.indexOf(Math.min(...distances))];
}
