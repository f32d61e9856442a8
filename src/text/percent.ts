/** Shares, 0 to 1, as percent. */

/** `0.08 %`; above 0, never shown as 0. */
export function percentText(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 0.01 ? '< 0.01' : String(Number(percent.toFixed(2)))} %`;
}

/** `97.9 %`, rounded down: below a bound, never shown as the bound. */
export function percentFloor(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
