/** Defaults of options. A file of their own, because every command reads the options and few compare. */

/** Percent of compared values that may differ without a cause. */
export const UNEXPLAINED_PERCENT = 0.1;

/** Days that must be good: one of each weekday. */
export const CUTOVER_DAYS = 5;
