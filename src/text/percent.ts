/** Shares, 0 to 1, as percent. */

/** `0.08 %`; a share above 0 is never shown as 0. */
export function percentText(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 0.01 ? '< 0.01' : String(Number(percent.toFixed(2)))} %`;
}

/** `97.9 %`, rounded down: a share below a bound is never shown as the bound. */
export function percentFloor(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
