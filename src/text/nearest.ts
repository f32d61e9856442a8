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
const MAX_COMPARED = 500;

/** The name that `text` most likely means; the first of equally near ones. */
export function nearest(text: string, names: readonly string[]): string {
  const typed = text.slice(0, MAX_LENGTH).toLowerCase();
  const distances = names.map((name) => distance(typed, name));
  return names[distances.indexOf(Math.min(...distances))];
}

/** The `max` names that are most like `text`, by their beginning first; none of an empty list. */
export function nearestNames(text: string, names: readonly string[], max: number): string[] {
  const typed = text.slice(0, MAX_LENGTH);
  const shared = (name: string): number => {
    let k = 0;
    while (k < name.length && name[k] === typed[k]) k++;
    return k;
  };
  // Of a hundred thousand names only those with the longest common beginning are compared by characters.
  const most = [...new Set(names)].sort((a, b) => shared(b) - shared(a)).slice(0, MAX_COMPARED);
  const distances = new Map(most.map((name) => [name, distance(typed, name)]));
  return most.sort((a, b) => distances.get(a)! - distances.get(b)!).slice(0, max);
}
