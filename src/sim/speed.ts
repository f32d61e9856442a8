/**
 * Market seconds per real second. `max`: stepped time, as fast as the machine works; a real millisecond is then one of
 * market time.
 */
export type MarketSpeed = number | 'max';

/** Market ms per real ms. */
export function speedNumber(speed: MarketSpeed): number {
  return speed === 'max' ? 1 : speed;
}
