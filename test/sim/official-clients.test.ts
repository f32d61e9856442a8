/**
 * The broker's own clients against the simulated broker: transcripts of what they send (test/vectors/clients,
 * which name their sources), header for header and frame for frame.
 */
import { describe, expect, it } from 'vitest';
import { RawClient } from './raw-client.js';
import { ask, open, play, transcriptOf, Values, withMarket } from './transcript.js';

describe.each(['python', 'javascript', 'java'])('the %s client', (name) => {
  const transcript = transcriptOf(name);

  it.each(transcript.handshakes.map((head, k) => [k + 1, head] as const))(
    'logs in, opens (form %i), pings, subscribes and unsubscribes, and leaves',
    async (_k, head) => {
      await withMarket(async ({ port }) => {
        const values = new Values(port);
        for (const exchange of transcript.rest) await ask(port, exchange, values);
        const client = await open(port, head, values);
        await play(client, transcript.frames, values);
        client.destroy();
        for (const exchange of transcript.goodbye) await ask(port, exchange, values);
      });
    },
  );

  it.each([
    ['feed token', 'feed', 'x-feed-token', 'Invalid Header - Invalid Feed Token'],
    ['client code', 'clientCode', 'x-client-code', 'Invalid Header - Invalid Client Code'],
    ['API key', 'apiKey', 'x-api-key', 'Invalid Header - Invalid API Key'],
    ['JWT', 'jwt', 'Authorization', 'Invalid Header - Invalid Auth token'],
  ])(
    'with a wrong %s is refused with 401 and the documented words, where it sends one',
    async (_what, placeholder, header, words) => {
      await withMarket(async ({ port }) => {
        const values = new Values(port);
        for (const exchange of transcript.rest) await ask(port, exchange, values);
        values.set(placeholder, 'eyJwrong');
        const client = new RawClient(port);
        client.write(`${transcript.handshakes[0].map((line) => values.fill(line)).join('\r\n')}\r\n\r\n`);
        const reply = await client.reply();
        client.destroy();
        if (!transcript.handshakes[0].some((line) => line.startsWith(`${header}:`)))
          expect(reply.status).toBe(101);
        else expect([reply.status, /^x-error-message: (.*)$/im.exec(reply.head)?.[1]]).toEqual([401, words]);
      });
    },
  );

  it('says where it comes from', () => {
    expect(transcript.client.length + transcript.origin.length).toBeGreaterThan(100);
    expect(JSON.stringify(transcript)).not.toMatch(/eyJ[\w-]{8}|127\.0\.0\.1:\d/);
  });
});
