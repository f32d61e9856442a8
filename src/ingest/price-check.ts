/**
 * Refuses a price that its own SnapQuote packet contradicts (docs/semantics.md, "Contradicted price"). A price is never
 * refused because nothing confirms it: real spikes of one print exist. Allocates nothing.
 */
import { FIELD, MODE, type Packet } from '../market/packet.js';

/** A price this share away from the previous close, and from the price before, is far. */
const FAR = 0.25;

export class PriceCheck {
  /** Of the last accepted packet, by instrument index; 0: none. */
  readonly last: Float64Array;
  /** The price that was accepted last lies outside its packet's day range. */
  isOutsideRange = false;

  constructor(instruments: number) {
    this.last = new Float64Array(instruments);
  }

  /** True if the price may be used. `packet`: admitted in all else. LTP frames tell nothing but the price. */
  accept(packet: Packet, instrument: number): boolean {
    this.isOutsideRange = false;
    if (packet.mode === MODE.ltp) return true;
    const price = packet.number(FIELD.price);
    const low = packet.number(FIELD.dayLow);
    const high = packet.number(FIELD.dayHigh);
    // A range that is 0 or crossed says nothing. One that holds may be told late.
    this.isOutsideRange = low > 0 && high >= low && (price < low || price > high);
    if (
      this.isOutsideRange &&
      packet.mode === MODE.snapquote &&
      hasCircuits(packet) &&
      (price < packet.number(FIELD.lowerCircuit) || price > packet.number(FIELD.upperCircuit)) &&
      this.#isFar(packet, instrument, price)
    )
      return false;
    this.last[instrument] = price;
    return true;
  }

  /** True if `price` is far from the previous close and from the last accepted price, as many as are known. */
  #isFar(packet: Packet, instrument: number, price: number): boolean {
    const close = packet.number(FIELD.previousClose);
    const last = this.last[instrument];
    if (close <= 0 && last === 0) return false;
    return (
      (close <= 0 || Math.abs(price - close) > FAR * close) &&
      (last === 0 || Math.abs(price - last) > FAR * last)
    );
  }
}

/** Circuits that are 0 or crossed say nothing. */
function hasCircuits(packet: Packet): boolean {
  const lower = packet.number(FIELD.lowerCircuit);
  return lower > 0 && packet.number(FIELD.upperCircuit) > lower;
}

/** True if the day's range of a SnapQuote packet reaches beyond its circuits: no trade was there. */
export function isRangeBeyondCircuits(packet: Packet): boolean {
  return (
    packet.mode === MODE.snapquote &&
    hasCircuits(packet) &&
    (packet.number(FIELD.dayHigh) > packet.number(FIELD.upperCircuit) ||
      packet.number(FIELD.dayLow) < packet.number(FIELD.lowerCircuit))
  );
}
