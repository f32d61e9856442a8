/**
 * The number of the rules by which packets become candles. It grows when the same frames make other candles or quality
 * rows; docs/semantics.md, "Rules and their numbers", lists the changes. Journals, files and reports without a number
 * follow rules 1.
 */
export const RULES = 3;
export const FIRST_RULES = 1;

/** What each number changed, as a phrase. */
const CHANGES: Readonly<Record<number, string>> = {
  2: "a price that comes before its volume counts, a pending volume is slack of every minute since, a late SnapQuote packet gives its price, the day's range repairs without a rise and in the first minute, a price that its packet contradicts is rejected, and a second is covered once",
  3: "a session's last minute has the trades that the feed shows in the seconds after its end, and a sequence number or a volume that the next packets contradict moves nothing",
};

/** How candles of rules `theirs` differ from ours, one sentence; undefined if the rules are the same. */
export function rulesDifference(theirs: number): string | undefined {
  if (theirs === RULES) return undefined;
  if (theirs > RULES)
    return `It follows rules ${theirs}, which this version does not know; here are rules ${RULES}.`;
  const changes = Object.entries(CHANGES)
    .filter(([number]) => Number(number) > theirs)
    .map(([number, what]) => `since rules ${number} ${what}`);
  return `It follows rules ${theirs}, here are rules ${RULES}: ${changes.join('; ')}.`;
}
