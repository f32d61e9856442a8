/**
 * A real browser that watches a run. It records what must not happen: errors, and requests to another machine.
 */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { start, type Running } from '../program/command.js';
import { startHeld } from '../program/pause.js';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];

/** Path of a Chromium on this machine; undefined without one. */
export const CHROMIUM = PLACES.find((path) => existsSync(path));

/** Starts the browser, without a sandbox for root, who cannot have one. */
export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: process.getuid?.() === 0 ? ['--no-sandbox', '--disable-gpu'] : ['--disable-gpu'],
  });
}

export interface Watched {
  readonly page: Page;
  /** Errors of the page and its console. */
  readonly errors: string[];
  /** Requests to another machine. */
  readonly foreignRequests: string[];
}

export interface View {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'dark' | 'light';
}

/** Opens `url` and records errors and foreign requests. A connection that a test breaks is no error of the page. */
export async function open(
  browser: Browser,
  url: string,
  { width = 1440, height = 900, theme = 'dark' }: View = {},
): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme });
  const watched: Watched = { page, errors: [], foreignRequests: [] };
  page.on('pageerror', (error) => watched.errors.push(error.message));
  page.on('console', (message) => {
    if (
      message.type() === 'error' &&
      !/net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/.test(
        message.text(),
      )
    )
      watched.errors.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:\d+\/|data:|file:)/.test(request.url()))
      watched.foreignRequests.push(request.url());
  });
  await page.goto(url);
  return watched;
}

export interface Shown {
  readonly running: Running;
  /** Of its page. */
  readonly url: string;
}

const args = (port: string, more: readonly string[]): string[] => [
  ...more,
  '--ws-test-mode',
  '--stage',
  '2',
  '--feed',
  'sim',
  '--no-journal',
  '--dashboard',
  port,
];

async function served(running: Running): Promise<string> {
  let text = '';
  running.child.stdout!.on('data', (more: string) => (text += more));
  await running.saw(/Page http:\/\/\S+/);
  return /Page (http:\/\/\S+)/.exec(text)![1];
}

/** Starts a simulated run of the NIFTY 50 with its page, and resolves when that is served. */
export async function startShown(folder: string, more: readonly string[], port = '0'): Promise<Shown> {
  const running = start(args(port, more), folder);
  return { running, url: await served(running) };
}

/** The same, held where its output matches until it is released. */
export async function startShownHeld(
  folder: string,
  pattern: RegExp,
  more: readonly string[],
  port = '0',
): Promise<Shown & { release(): void }> {
  const running = startHeld(args(port, more), folder, pattern);
  return { running, url: await served(running), release: () => running.release() };
}
