const MAX_NAMES = 8;

/** At most `max` names: `A, B and 3 more`. */
export function named(names: readonly string[], max = MAX_NAMES): string {
  const more = names.length - max;
  return more > 0 ? `${names.slice(0, max).join(', ')} and ${more} more` : names.join(', ');
}
