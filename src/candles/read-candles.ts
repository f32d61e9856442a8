/** A row's candles as values, read from shared memory. The one place where wire units become rupees. */
import { MINUTE_MS } from '../market/session.js';
import { priceScale } from '../market/instrument.js';
import type { CandleSource, CandleWithQuality } from './candle.js';
import type { ShardMemory } from '../memory/layout.js';
import { barLabelMs, eachBarFigures, gapWithin, isAuction, type RowPlace } from '../memory/shard-reader.js';

const SECONDS = MINUTE_MS / 1000;

/**
 * The row's candles in rupees, ascending. Sealed ones only, or with `includeOpen` every bar that has ticks (at the end of a run;
 * an open one is partial by the gap that END left). From bar `from` on.
 */
export function readCandles(
  m: ShardMemory,
  place: RowPlace,
  includeOpen: boolean,
  from = 0,
): CandleWithQuality[] {
  const { instrument, row } = place;
  const scale = priceScale(instrument.exchangeType);
  const candles: CandleWithQuality[] = [];
  eachBarFigures(
    m,
    row,
    includeOpen,
    (bar, figures, sealed) => {
      const gapMs = gapWithin(m, row, bar);
      const timestampMs = barLabelMs(m, row, bar);
      const source: CandleSource = isAuction(m, bar) ? 'auction' : 'continuous';
      candles.push({
        candle: {
          symbol: instrument.symbol,
          exchange: instrument.exchange,
          timestampMs,
          open: figures.open / scale,
          high: figures.high / scale,
          low: figures.low / scale,
          close: figures.close / scale,
          volume: figures.volume,
        },
        quality: {
          timestampMs,
          ticks: figures.ticks,
          priceChanges: figures.priceChanges,
          partial: gapMs > 0 || figures.seeded || !sealed,
          revision: figures.revision,
          late: figures.late,
          gapMs: Math.round(gapMs),
          source,
          volSlack: figures.volSlack,
          repaired: figures.repaired,
          coverage: source === 'auction' ? null : figures.heardSeconds / SECONDS,
          maxAgeMs:
            source === 'auction'
              ? null
              : Math.max(
                  figures.longestSilence,
                  figures.heardAt === 0 ? MINUTE_MS : timestampMs + MINUTE_MS - figures.heardAt,
                ),
        },
      });
    },
    from,
  );
  return candles;
}
