/** SmartAPI's servers (docs/protocol.md 1 and 2). Elsewhere the log-in is on the feed's host. */
import { endpointFrom, type Endpoint } from '../endpoint.js';

export const LOGIN_PATH = '/rest/auth/angelbroking/user/v1/loginByPassword';
const FEED_PATH = '/smart-stream';

export const LIVE_ENDPOINT: Endpoint = {
  feedUrl: `wss://smartapisocket.angelone.in${FEED_PATH}`,
  loginUrl: `https://apiconnect.angelone.in${LOGIN_PATH}`,
  loopback: false,
  ca: undefined,
};

/** Reads the URL of a SmartAPI server elsewhere. Throws EngineError USAGE in one sentence. */
export function feedEndpoint(text: string, ca?: string): Endpoint {
  return endpointFrom(text, FEED_PATH, LOGIN_PATH, ca);
}
