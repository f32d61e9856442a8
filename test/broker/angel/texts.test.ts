import type { FeedText } from '../../../src/broker/broker.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyText, MAX_STRING, MAX_TEXT_BYTES } from '../../../src/broker/angel/texts.js';
import { holds, seedsOf } from '../../volume.js';
import { bytesOf, malformed } from './vectors.js';

const classify = (text: string): FeedText => classifyText(Buffer.from(text));
const other = { kind: 'other' };

describe('the text vectors', () => {
  const limit = {
    kind: 'error',
    correlationId: 'abcde12345',
    code: 'E1002',
    message: 'Invalid Request. Subscription Limit Exceeded',
  };
  const meaning: Record<string, FeedText> = {
    m058: limit as FeedText,
    m059: { kind: 'error', correlationId: 'abcde12345', code: 'E1001', message: 'Invalid Request Payload.' },
    m060: limit as FeedText,
  };

  it.each(malformed.filter(({ kind }) => kind === 'text'))('$id: $note', (vector) => {
    expect(classifyText(bytesOf(vector))).toEqual(meaning[vector.id] ?? other);
  });

  it('hold the replies that matter', () => {
    const ids = malformed.map(({ id }) => id);
    for (const id of Object.keys(meaning)) expect(ids).toContain(id);
  });
});

describe('classifyText', () => {
  it('knows pong, and only that', () => {
    expect(classify('pong')).toEqual({ kind: 'pong' });
    for (const text of ['', 'ping', 'pongpong', 'PONG', '"pong"', '\0'])
      expect(classify(text)).toEqual(other);
  });

  it.each([
    ['{"errorCode":"E1001"}', { kind: 'error', correlationId: '', code: 'E1001', message: '' }],
    [
      '{"correlationID":null,"errorCode":"E1001","errorMessage":7}',
      { kind: 'error', correlationId: '', code: 'E1001', message: '7' },
    ],
    [
      '{"errorCode":1001,"data":{"errorCode":"E1002"}}',
      { kind: 'error', correlationId: '', code: '1001', message: '' },
    ],
    [
      '{"errorMessage":"say \\"errorCode\\": no" "errorCode":"E1"}',
      { kind: 'error', correlationId: '', code: 'E1', message: 'say "errorCode": no' },
    ],
    ['{"errorCode":"E\\u001b[2J1"}', { kind: 'error', correlationId: '', code: 'E [2J1', message: '' }],
  ])('understands %s', (text, meaning) => {
    expect(classify(text)).toEqual(meaning);
  });

  it.each([
    '{}',
    '{"errorCode":""}',
    '{"errorCode":null}',
    '{"errorCode":{"errorCode":"E1001"}}',
    '{"data":{"errorCode":"E1001"}}',
    '[{"errorCode":"E1001"}]',
    '"errorCode"',
    'null',
    '{"errorCode":"E1001"',
    '{"errorCode":"E1001"}}',
    '{"a":"b" "errorCode":"\\x"}',
    '{"__proto__":{"errorCode":"E1001"}}',
  ])('takes %s for something else', (text) => {
    expect(classify(text)).toEqual(other);
  });

  it('bounds what it keeps', () => {
    const long = 'x'.repeat(1300);
    const text = classify(JSON.stringify({ correlationID: long, errorCode: long, errorMessage: long }));
    expect(text).toEqual({
      kind: 'error',
      correlationId: long.slice(0, MAX_STRING.correlationId),
      code: long.slice(0, MAX_STRING.code),
      message: long.slice(0, MAX_STRING.message),
    });
  });

  it('does not look at huge texts, and gets through hostile ones quickly', () => {
    const reply = '{"errorCode":"E1001"}';
    expect(classify(reply.padEnd(MAX_TEXT_BYTES))).toMatchObject({ kind: 'error' });
    expect(classify(reply.padEnd(MAX_TEXT_BYTES + 1))).toEqual(other);
    const hostile = [
      '['.repeat(MAX_TEXT_BYTES),
      '{"a":'.repeat(MAX_TEXT_BYTES / 5),
      '{' + ' '.repeat(MAX_TEXT_BYTES - 1),
      '{"' + '\\'.repeat(MAX_TEXT_BYTES - 2),
      ('{"a' + '"a'.repeat(MAX_TEXT_BYTES)).slice(0, MAX_TEXT_BYTES),
      ('{' + '"a":"b"'.repeat(MAX_TEXT_BYTES)).slice(0, MAX_TEXT_BYTES),
      ('{' + '"a"    :    "b"    '.repeat(MAX_TEXT_BYTES)).slice(0, MAX_TEXT_BYTES),
      '['.repeat(50_000_000),
    ].map((text) => Buffer.from(text));
    // It takes three milliseconds. A busy machine takes more CPU time for the same work, too.
    const start = process.cpuUsage();
    for (const bytes of hostile) expect(classifyText(bytes).kind).toBe('other');
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(1000);
  });

  it.each(seedsOf(20261123))('throws for no bytes (seed %i)', async (seed) => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '"',
      '\\',
      ':',
      ',',
      ' ',
      '"errorCode"',
      '"errorMessage":"x"',
      'E1001',
      '[',
      '\\u12',
      '\n',
    );
    const texts = fc
      .array(pieces, { maxLength: 60, size: 'max' })
      .map((parts) => Buffer.from(parts.join('')));
    await holds(
      'decoded texts',
      seed,
      fc.property(fc.oneof(texts, fc.uint8Array({ maxLength: 5000, size: 'max' })), (bytes) => {
        expect(['pong', 'error', 'other']).toContain(classifyText(bytes).kind);
      }),
    );
  });
});
