/** Where a side's candles come from, as far as its files say. Pure. */
import type { VolumeKind } from '../market/candle.js';

/** What one file's footer says; undefined where it does not. */
export interface FileOrigin {
  readonly feed: string | undefined;
  readonly mode: string | undefined;
  readonly volumeKind: VolumeKind;
}

export interface Origin {
  readonly folder: string;
  readonly files: readonly FileOrigin[];
}

/** The different values that files have of one thing, sorted. */
export function distinct(origin: Origin, key: keyof FileOrigin): string[] {
  return [...new Set(origin.files.flatMap((file) => file[key] ?? []))].sort();
}

/** Whether any candle of the side is of a simulated market. */
export function simulated(origin: Origin): boolean {
  return origin.files.some(({ feed }) => feed?.startsWith('sim') === true);
}

const volumeWords: Record<VolumeKind, string> = { tick: 'volume is the number of ticks', traded: 'volume is traded quantity' };

/** E.g. `data/test: 50 files, feed live, mode quote, volume is traded quantity`. */
export function originText(origin: Origin): string {
  const { folder, files } = origin;
  if (files.length === 0) return `${folder}: no file for any of the symbols`;
  const feeds = distinct(origin, 'feed');
  const silent = files.some(({ feed }) => feed === undefined);
  const feed = [...(feeds.length > 0 ? [`feed ${feeds.join(' and ')}`] : []), ...(silent ? [feeds.length > 0 ? 'some do not say of which feed' : 'does not say of which feed'] : [])];
  const modes = distinct(origin, 'mode');
  const volumes = (distinct(origin, 'volumeKind') as VolumeKind[]).map((kind) => volumeWords[kind]);
  return `${folder}: ${[`${files.length} file${files.length === 1 ? '' : 's'}`, ...feed, ...(modes.length > 0 ? [`mode ${modes.join(' and ')}`] : []), volumes.join(' or ')].join(', ')}`;
}

/** A sentence where both sides say that they are of different markets: then even equal candles prove nothing. */
export function originConflict(ours: Origin, reference: Origin): string | undefined {
  const [our, their] = [distinct(ours, 'feed'), distinct(reference, 'feed')];
  if (their.length === 0 || (simulated(ours) === simulated(reference) && our.some((feed) => their.includes(feed)))) return undefined;
  if (!simulated(ours) && !simulated(reference)) return undefined;
  return `Ours say feed ${our.join(' and ')} and the reference says ${their.join(' and ')}: these are different markets.`;
}
