/** The published JSON Schema of an event, by a validator library. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { shipped } from '../../src/paths.js';

const schema = JSON.parse(readFileSync(shipped('docs/schema/event.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

/** An event read from JSON, as far as tests look at it. */
export interface TextEvent {
  readonly type: string;
  readonly sequence: number;
  readonly marketMs: number;
  readonly instrument?: { readonly exchange: string; readonly token: string; readonly symbol: string };
  readonly candle?: { readonly timestampMs: number; readonly close: number };
  readonly quality?: Readonly<Record<string, unknown>>;
  readonly revision?: number;
  readonly fromMs?: number;
  readonly cause?: string;
  readonly state?: string;
  readonly verdict?: string | null;
}

/** The event of one line, checked against the schema. */
export function eventOf(line: string): TextEvent {
  const event = JSON.parse(line) as TextEvent;
  expect(validate(event) ? [] : [line, validate.errors]).toEqual([]);
  return event;
}

/** What must be the same in a run and its replay: final candles, gaps, the end. */
export function lasting(events: readonly TextEvent[]): readonly string[] {
  const last = new Map<string, string>();
  for (const event of events) {
    const { type, instrument, candle, quality, revision, sequence, marketMs } = event;
    if (type === 'candle' || type === 'revision')
      last.set(
        `${instrument!.symbol} ${candle!.timestampMs} ${String(quality!['source'])}`,
        JSON.stringify({ instrument, candle, quality, revision, sequence, marketMs }),
      );
    else if (type === 'gap' || type === 'end') last.set(JSON.stringify(event), type);
  }
  return [...last].map(([key, value]) => `${key}: ${value}`).sort();
}
