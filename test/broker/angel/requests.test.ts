import type { SubscribeOptions, Subscription } from '../../../src/broker/broker.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXCHANGE } from '../../../src/market/instrument.js';
import { MODE } from '../../../src/market/packet.js';
import { holds, seedsOf } from '../../volume.js';
import {
  CORRELATION_ID,
  PING,
  QUOTA,
  quotaUsed,
  subscribeRequests,
  TOKENS_PER_MESSAGE,
  unsubscribeRequests,
} from '../../../src/broker/angel/requests.js';

const nse = (count: number): { exchangeType: number; token: string }[] =>
  Array.from({ length: count }, (_, index) => ({ exchangeType: 1, token: String(index + 1) }));

/** Options whose types were lost on the way, as from JSON. */
const untyped = (options: unknown): SubscribeOptions => options as SubscribeOptions;

describe('subscribeRequests', () => {
  it("writes the documentation's sample to the letter", () => {
    const tokens = [
      { exchangeType: 1, token: '10626' },
      { exchangeType: 5, token: '234230' },
      { exchangeType: 1, token: '5290' },
    ];
    const [request, ...more] = subscribeRequests({ mode: MODE.ltp, tokens, correlationPrefix: 'abcde1234' });
    expect(more).toEqual([]);
    expect(request.text).toBe(
      '{"correlationID":"abcde12340","action":1,"params":{"mode":1,"tokenList":[{"exchangeType":1,"tokens":["10626","5290"]},{"exchangeType":5,"tokens":["234230"]}]}}',
    );
    expect(request.correlationId).toBe('abcde12340');
    expect(request.tokens).toEqual(tokens);
  });

  it('unsubscribes with the same mode and action 0', () => {
    const options = { mode: MODE.snapquote, tokens: nse(2), correlationPrefix: 'x' };
    const [on] = subscribeRequests(options);
    const [off] = unsubscribeRequests(options);
    expect(JSON.parse(off.text)).toEqual({ ...JSON.parse(on.text), action: 0 });
    expect(JSON.parse(on.text)).toMatchObject({ action: 1, params: { mode: 3 } });
  });

  it.each(seedsOf(20261123))(
    'asks for every token once, in messages of bounded size that name themselves apart (seed %i)',
    async (seed) => {
      const exchanges = Object.keys(EXCHANGE).map(Number);
      const token = fc.record({
        exchangeType: fc.constantFrom(...exchanges),
        token: fc.nat({ max: 600 }).map(String),
      });
      await holds(
        'subscriptions',
        seed,
        fc.property(
          fc.array(token, { maxLength: 1000, size: 'max' }),
          fc.constantFrom(1, 2, 3),
          (tokens, mode) => {
            const requests = subscribeRequests({ mode: mode, tokens, correlationPrefix: 'run7' });
            const seen: string[] = [];
            for (const { text, correlationId, tokens: asked } of requests) {
              const { correlationID, action, params } = JSON.parse(text);
              expect([correlationID, action, params.mode]).toEqual([correlationId, 1, mode]);
              expect(correlationId).toMatch(CORRELATION_ID);
              const types = params.tokenList.map(
                ({ exchangeType }: { exchangeType: number }) => exchangeType,
              );
              expect(new Set(types).size).toBe(types.length);
              const inMessage = params.tokenList.flatMap(
                (group: { exchangeType: number; tokens: string[] }) =>
                  group.tokens.map((each) => `${group.exchangeType}:${each}`),
              );
              expect(inMessage.length).toBeGreaterThan(0);
              expect(inMessage.length).toBeLessThanOrEqual(TOKENS_PER_MESSAGE);
              expect([...inMessage].sort()).toEqual(
                asked.map((key) => `${key.exchangeType}:${key.token}`).sort(),
              );
              seen.push(...inMessage);
            }
            const wanted = new Set(tokens.map((key) => `${key.exchangeType}:${key.token}`));
            expect(seen.length).toBe(wanted.size);
            expect(new Set(seen)).toEqual(wanted);
            expect(new Set(requests.map(({ correlationId }) => correlationId)).size).toBe(requests.length);
          },
        ),
      );
    },
  );

  it('splits at 500 and stops at the quota', () => {
    const sizes = (count: number): number[] =>
      subscribeRequests({ mode: 1, tokens: nse(count), correlationPrefix: 'a' }).map(
        ({ tokens }) => tokens.length,
      );
    expect(sizes(0)).toEqual([]);
    expect(sizes(500)).toEqual([500]);
    expect(sizes(501)).toEqual([500, 1]);
    expect(sizes(QUOTA)).toEqual([500, 500]);
    expect(() => sizes(QUOTA + 1)).toThrow(RangeError);
    expect(unsubscribeRequests({ mode: 1, tokens: nse(QUOTA + 1), correlationPrefix: 'a' })).toHaveLength(3);
  });

  it.each([
    ['exchange type 0', { tokens: [{ exchangeType: 0, token: '1' }] }],
    ['exchange type 6', { tokens: [{ exchangeType: 6, token: '1' }] }],
    ['an exchange type in text', { tokens: [{ exchangeType: '1', token: '1' }] }],
    ['a token that is a number', { tokens: [{ exchangeType: 1, token: 2885 }] }],
    ['an empty token', { tokens: [{ exchangeType: 1, token: '' }] }],
    ['a token longer than the wire', { tokens: [{ exchangeType: 1, token: '1'.repeat(26) }] }],
    ['a token with a blank', { tokens: [{ exchangeType: 1, token: '28 85' }] }],
    ['mode 0', { mode: 0 }],
    ['mode 4, which is withdrawn', { mode: 4 }],
    ['a long correlation identifier', { correlationPrefix: 'abcdefghij' }],
    ['a correlation identifier with a dash', { correlationPrefix: 'a-b' }],
  ])('refuses %s', (_, wrong) => {
    const options = untyped({ mode: 1, tokens: nse(1), correlationPrefix: 'a', ...wrong });
    expect(() => subscribeRequests(options)).toThrow(RangeError);
    expect(() => unsubscribeRequests(options)).toThrow(RangeError);
  });
});

describe('the quota', () => {
  it('counts (token, mode) once, whatever is repeated', () => {
    const one = (mode: 1 | 2 | 3, exchangeType: number, token: string): Subscription => ({
      mode,
      exchangeType,
      token,
    });
    expect(quotaUsed([])).toBe(0);
    expect(quotaUsed([one(1, 1, '2885'), one(2, 1, '2885'), one(3, 1, '2885')])).toBe(3);
    expect(quotaUsed([one(1, 1, '2885'), one(1, 1, '2885')])).toBe(1);
    expect(quotaUsed([one(1, 1, '2885'), one(1, 3, '2885')])).toBe(2);
    expect(QUOTA).toBe(1000);
  });
});

it('the heart-beat is the text ping', () => {
  expect(PING).toBe('ping');
});
