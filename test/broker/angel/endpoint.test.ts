import { describe, expect, it } from 'vitest';
import { EngineError, EXIT } from '../../../src/errors.js';
import { feedEndpoint, LIVE_ENDPOINT } from '../../../src/broker/angel/endpoint.js';

function refusal(url: string): EngineError {
  try {
    feedEndpoint(url);
  } catch (error) {
    return error as EngineError;
  }
  throw new Error(`accepted: ${url}`);
}

describe('the broker itself', () => {
  it('is reached encrypted and without anything in the URL', () => {
    expect(LIVE_ENDPOINT).toEqual({
      feedUrl: 'wss://smartapisocket.angelone.in/smart-stream',
      loginUrl: 'https://apiconnect.angelone.in/rest/auth/angelbroking/user/v1/loginByPassword',
      loopback: false,
      ca: undefined,
    });
  });
});

describe('--feed URL', () => {
  const login = '/rest/auth/angelbroking/user/v1/loginByPassword';

  it.each([
    ['ws://127.0.0.1:8080', 'ws://127.0.0.1:8080/smart-stream', `http://127.0.0.1:8080${login}`, true],
    ['ws://127.8.9.10:1', 'ws://127.8.9.10:1/smart-stream', `http://127.8.9.10:1${login}`, true],
    ['ws://localhost/', 'ws://localhost/smart-stream', `http://localhost${login}`, true],
    ['ws://LOCALHOST:9/stream', 'ws://localhost:9/stream', `http://localhost:9${login}`, true],
    ['ws://[::1]:7', 'ws://[::1]:7/smart-stream', `http://[::1]:7${login}`, true],
    ['wss://127.0.0.1:8443', 'wss://127.0.0.1:8443/smart-stream', `https://127.0.0.1:8443${login}`, true],
    [
      'wss://feed.example:8443/smart-stream',
      'wss://feed.example:8443/smart-stream',
      `https://feed.example:8443${login}`,
      false,
    ],
    ['wss://feed.example', 'wss://feed.example/smart-stream', `https://feed.example${login}`, false],
  ])('%s', (url, feedUrl, loginUrl, loopback) => {
    expect(feedEndpoint(url)).toEqual({ feedUrl, loginUrl, loopback });
  });

  it.each([
    'ws://feed.example',
    'ws://10.0.0.5:8080',
    'ws://0.0.0.0:8080',
    'ws://localhost.example.com',
    'ws://127.0.0.1.example.com',
    'ws://[2001:db8::1]',
    'http://127.0.0.1',
    'https://feed.example',
    'file:///etc/hosts',
    '127.0.0.1:8080',
    'live feed',
    '',
  ])('refuses %s in one sentence', (url) => {
    const error = refusal(url);
    expect(error).toBeInstanceOf(EngineError);
    expect(error.code).toBe('USAGE');
    expect(error.exitCode).toBe(EXIT.usage);
    expect(error.message).not.toContain('\n');
  });

  it.each([
    'wss://me:hush@feed.example',
    'wss://hush@feed.example',
    'wss://feed.example/?feedToken=hush',
    'ws://127.0.0.1/#hush',
  ])('refuses credentials without repeating them: %s', (url) => {
    const error = refusal(url);
    expect(error.code).toBe('USAGE');
    expect(error.message).not.toContain('hush');
  });
});
