/** Gate bounds that page and terminal show too. */

/** Gate `fresh`: market ms after which a last tick is stale. */
export const FRESH_MS = 15_000;

/** Gate `performance`, for a run at speed 1. */
export const PERFORMANCE = { cpuPercent: 50, rssMb: 300, eventLoopDelayP99Ms: 50, stallMs: 1000 } as const;
