/** Gate bounds that page and terminal show too. */

/** Gate `fresh`: market ms after which a last tick is stale. */
export const FRESH_MS = 15_000;

/** Gate `performance`, for a run of up to 200 instruments at speed 1. */
export const PERFORMANCE = { cpuPercent: 50, rssMb: 300, eventLoopDelayP99Ms: 50, stallMs: 1000 } as const;

/** For each instrument above. A day of bars takes 0.11 MB. */
const FURTHER = { from: 200, cpuPercent: 0.01, rssMb: 0.15 } as const;

/** Bounds of gate `performance` that depend on the number of instruments. */
export function performanceBounds(instruments: number): {
  readonly cpuPercent: number;
  readonly rssMb: number;
} {
  const further = Math.max(0, instruments - FURTHER.from);
  return {
    cpuPercent: Math.round(PERFORMANCE.cpuPercent + further * FURTHER.cpuPercent),
    rssMb: Math.round(PERFORMANCE.rssMb + further * FURTHER.rssMb),
  };
}
