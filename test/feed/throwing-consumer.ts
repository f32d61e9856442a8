/** A program whose handler throws: `node throwing-consumer.js URL HANDLER`. Run by client-consumer.test.ts. */
import { listen } from './listening.js';

const [url, name] = process.argv.slice(2);
const nothing = (): void => undefined;
const thrower = (): void => {
  throw new TypeError(`the consumer's own mistake in ${name}`);
};
const { client } = listen(
  { url },
  {
    handlers: {
      opened: nothing,
      subscribed: nothing,
      binary: nothing,
      text: nothing,
      closed: nothing,
      failed: nothing,
      [name]: thrower,
    },
  },
);
await client.start();
