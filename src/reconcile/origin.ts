/** The origin of a side's candles, as its files say. Pure. */
import type { VolumeKind } from '../candles/candle.js';

/** From one file's footer; undefined where it is silent. */
export interface FileOrigin {
  readonly feed: string | undefined;
  readonly mode: string | undefined;
  readonly volumeKind: VolumeKind;
  /** By which packets became candles (candles/rules.ts); undefined for what was polled. */
  readonly rules?: number | undefined;
}

export interface Origin {
  /** A folder, a file of all symbols, or the source that was polled. */
  readonly folder: string;
  readonly files: readonly FileOrigin[];
  /** True if just polled: one answer a symbol, no files. */
  readonly polled?: boolean;
}

/** Distinct values in all files, sorted. */
export function distinct(origin: Origin, key: Exclude<keyof FileOrigin, 'rules'>): string[] {
  return [...new Set(origin.files.flatMap((file) => file[key] ?? []))].sort();
}

/** Rules of the files that follow any, ascending. */
export function rulesOf({ files }: Origin): number[] {
  return [...new Set(files.flatMap(({ rules }) => rules ?? []))].sort((a, b) => a - b);
}

/** True if any candle is of a simulated market. */
export function simulated(origin: Origin): boolean {
  return origin.files.some(({ feed }) => feed?.startsWith('sim') === true);
}

const volumeWords: Record<VolumeKind, string> = {
  tick: 'volume is the number of ticks',
  traded: 'volume is traded quantity',
};

/** E.g. `data/test: 50 files, feed live, mode quote, volume is traded quantity`. */
export function originText(origin: Origin): string {
  const { folder, files, polled = false } = origin;
  if (files.length === 0) return `${folder}: ${polled ? 'no candles of' : 'no file for'} any of the symbols`;
  const feeds = distinct(origin, 'feed');
  const silent = files.some(({ feed }) => feed === undefined);
  const feed = [
    ...(feeds.length > 0 ? [`feed ${feeds.join(' and ')}`] : []),
    ...(silent ? [feeds.length > 0 ? 'some do not say of which feed' : 'does not say of which feed'] : []),
  ];
  const modes = distinct(origin, 'mode');
  const volumes = (distinct(origin, 'volumeKind') as VolumeKind[]).map((kind) => volumeWords[kind]);
  return `${folder}: ${[`${files.length} ${polled ? 'symbol' : 'file'}${files.length === 1 ? '' : 's'}`, ...feed, ...(modes.length > 0 ? [`mode ${modes.join(' and ')}`] : []), volumes.join(' or ')].join(', ')}`;
}

/**
 * Why the sides cannot be compared, without a full stop: ours follow different rules, or the sides are of a simulated
 * and the live market, or of two seeds, where equal candles would be chance. A reference that does not say, or a URL,
 * may be of any market.
 */
export function originConflict(ours: Origin, reference: Origin): string | undefined {
  const rules = rulesOf(ours);
  if (rules.length > 1) return `ours follow rules ${rules.join(' and ')}, which never count together`;
  const [our, their] = [distinct(ours, 'feed'), distinct(reference, 'feed')];
  const known = (feed: string): boolean => feed === 'live' || feed.startsWith('sim:');
  const strangers = our.filter((feed) => known(feed) && !their.includes(feed));
  if (strangers.length === 0 || their.length === 0 || !their.every(known)) return undefined;
  return `ours are of feed ${strangers.join(' and ')}, the reference of ${their.join(' and ')}, which are different markets`;
}
