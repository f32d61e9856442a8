/** When and where a packet arrived. */
export interface Arrival {
  readonly connection: number;
  /** Real monotonic ms. */
  readonly monoMs: number;
  /** Injected market clock, epoch ms. */
  readonly marketMs: number;
}
