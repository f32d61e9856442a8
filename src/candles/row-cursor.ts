/**
 * Spares a candle stream most of the bars that did not change since it looked. A sealed bar changes by a late packet,
 * which the row counts; by a gap; by its slack when that becomes known; or by the next volume, which tells the slack of
 * the bars since the last one with volume.
 */
export class RowCursor {
  /** Bars before it are as they were yielded, unless `changes` has grown. */
  #from = 0;
  #changes = 0;
  /** The bars before it have their slack from it, and keep it. */
  #lastWithVolume = 0;
  /** Of the read that is going on: what the row counted, and the first bar whose slack is not known. */
  #read = { changes: 0, unsettled: Infinity };

  /** Begins a read of a row that counts `changes`; a gap changed bars from `gapBar` on. The first bar to look at. */
  begin(changes: number, gapBar: number): number {
    this.#read = { changes, unsettled: Infinity };
    return changes === this.#changes ? Math.min(this.#from, gapBar) : 0;
  }

  /** Looked at a sealed bar; bars come in order. `settled`: its slack is known, or it never will be. */
  see(bar: number, volume: number, settled: boolean): void {
    if (!settled) this.#read.unsettled = Math.min(this.#read.unsettled, bar);
    if (volume > 0) this.#lastWithVolume = Math.max(this.#lastWithVolume, bar);
  }

  /** The read is complete. */
  end(): void {
    this.#from = Math.min(this.#lastWithVolume, this.#read.unsettled);
    this.#changes = this.#read.changes;
  }
}
