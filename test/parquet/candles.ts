/** Candles, folders and an independent reader for the tests of this room. */
import { RULES } from '../../src/candles/rules.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { CandleWithQuality, FileIdentity, QualityRow } from '../../src/candles/candle.js';

export const OPEN_MS = Date.parse('2026-11-23T09:15:00+05:30');
export const IDENTITY: FileIdentity = { feed: 'sim:1', mode: 'ltp', volumeKind: 'tick', rules: RULES };

export const noWait = (): Promise<void> => Promise.resolve();

export interface CandleSketch extends Partial<Omit<QualityRow, 'timestampMs'>> {
  readonly symbol?: string;
  readonly minute: number;
  readonly close?: number;
  readonly volume?: number;
}

export function candleOf({
  symbol = 'RELIANCE',
  minute,
  close = 100.05,
  volume = 42,
  ...quality
}: CandleSketch): CandleWithQuality {
  const timestampMs = OPEN_MS + minute * 60_000;
  return {
    candle: {
      symbol,
      exchange: 'NSE',
      timestampMs,
      open: 100,
      high: Math.max(101, close),
      low: Math.min(99.5, close),
      close,
      volume,
    },
    quality: {
      timestampMs,
      ticks: 42,
      priceChanges: 7,
      partial: false,
      revision: 0,
      late: 0,
      gapMs: 0,
      source: 'continuous',
      volSlack: null,
      repaired: false,
      coverage: 0.7,
      maxAgeMs: 4000,
      oiHigh: null,
      oiLow: null,
      oiClose: null,
      tail: false,
      ...quality,
    },
  };
}

/** Runs `body` with a new folder and removes it afterwards. */
export async function inFolder<T>(body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tickshard-sink-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rows of a query by an engine that shares no code with ours, values as JSON. */
export async function duckdb(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'Asia/Kolkata'");
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
