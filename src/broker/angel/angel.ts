/** Angel One's SmartAPI as a broker. */
import type { Broker } from '../broker.js';
import { MODE } from '../../market/packet.js';
import { FRAME_LENGTH, decode, encoded, looksLikePacket } from './frames.js';
import { packetJson } from './frame-json.js';
import { feedEndpoint, LIVE_ENDPOINT, LOGIN_PATH } from './endpoint.js';
import { handshakeHeaders, judgeRefusal, readsBody } from './handshake.js';
import { CREDENTIAL_NAMES, logIn, lookAt, readCredentials } from './login.js';
import { LtpScanner } from './ltp-scanner.js';
import { VolumeScanner } from './volume-scanner.js';
import { PING, QUOTA, quotaUsed, subscribeRequests, TOKENS_PER_MESSAGE } from './requests.js';
import { APART_MS, CANDLES_PATH, SmartApiCandlePoller, type SmartApiPollerOptions } from './rest-candles.js';
import { CACHE_FOLDER, keep, newestCached, readMasterFile } from './scrip-cache.js';
import { download, downloadUrl, MASTER_URL } from './scrip-download.js';
import { readMaster } from './scrip-master.js';
import { classifyText, MAX_TEXT_BYTES } from './texts.js';

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

export const ANGEL: Broker = {
  codec: {
    minFrameBytes: FRAME_LENGTH[MODE.ltp],
    decode,
    encode: encoded,
    looksLikePacket,
    toJson: packetJson,
    scannerFor: (mode, instruments, answers) =>
      mode === MODE.ltp
        ? new LtpScanner(instruments, answers)
        : new VolumeScanner(instruments, answers, mode),
  },
  feed: {
    quota: { subscriptionsPerSocket: QUOTA, tokensPerRequest: TOKENS_PER_MESSAGE, sockets: 3 },
    words: {
      server: 'SmartAPI server',
      socketLimit: 'at most three sockets per client code',
      account: 'client code',
      freshTokensRefused: 'is the API key that of an active app of this client code?',
    },
    ping: PING,
    maxTextBytes: MAX_TEXT_BYTES,
    handshakeHeaders,
    readsBody,
    judgeRefusal,
    subscriptionsUsed: quotaUsed,
    subscribeRequests,
    classifyText,
  },
  access: {
    liveEndpoint: LIVE_ENDPOINT,
    variables: CREDENTIAL_NAMES,
    restPurposes: new Map([
      [LOGIN_PATH, 'log-in'],
      [CANDLES_PATH, 'candles'],
    ]),
    endpointAt: feedEndpoint,
    readCredentials,
    lookAt,
    logIn,
  },
  candles: {
    requestName: 'getCandleData',
    apartMs: APART_MS,
    poller: (options: SmartApiPollerOptions) => new SmartApiCandlePoller(options),
  },
  instruments: {
    url: MASTER_URL,
    cacheFolder: CACHE_FOLDER,
    downloadUrl: (text = MASTER_URL) => downloadUrl(text),
    async download(url, date, options) {
      const { kept, keptOthers } = await readMaster(
        download(url, options),
        `What ${url.host} serves`,
        () => true,
      );
      await keep(CACHE_FOLDER, date, kept, keptOthers);
    },
    newest: (today) => newestCached(CACHE_FOLDER, today),
    read: (path, exchanges) =>
      readMasterFile(path, exchanges.size === 0 ? undefined : (one) => exchanges.has(one)),
    parse: (text, name, exchanges) => readMaster(chunksOf(text), name, (one) => exchanges.has(one)),
  },
};
