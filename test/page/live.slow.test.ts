/**
 * The page of a simulated Stage 2 in a real browser. The run that most tests watch has real time, as a person would see
 * it, and does not end before them; each test waits for what the page shows, not for a time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, launch, open, startShown, startShownHeld, type Shown, type Watched } from './browser.js';

const folder = mkdtempSync(join(tmpdir(), 'tickshard-page-'));
const opened: Watched[] = [];
let browser: Browser;
let shown: Shown;
/** A page that is open from the start of the run, so that it sees every change. */
let early: Watched;

const watch = async (url: string, view = {}): Promise<Page> => {
  const watched = await open(browser, url, view);
  opened.push(watched);
  return watched.page;
};

/**
 * Waits until a condition holds in the page, for as long as the test may take. Asked from outside: the page's policy
 * lets nothing evaluate text within it.
 */
async function eventually(page: Page, condition: string): Promise<void> {
  while ((await page.evaluate(condition)) !== true) await page.waitForTimeout(50);
}

const rows = (page: Page): Locator => page.locator('tbody tr:not([hidden])');
const alive = "document.querySelectorAll('tbody tr[data-state=ticking], tbody tr[data-state=quiet]').length";

/** Run in the page: pixels of the chart that are green or red by far, which are candles and nothing else in it. */
const INKED = `(() => {
  let pixels = 0;
  for (const canvas of document.querySelectorAll('.canvas canvas')) {
    if (canvas.width === 0 || canvas.height === 0) continue;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && Math.abs(data[at] - data[at + 1]) > 60) pixels++;
  }
  return pixels;
})()`;
const GROUND = 'getComputedStyle(document.body).backgroundColor';

describe.skipIf(CHROMIUM === undefined)(
  `the live page${CHROMIUM === undefined ? ' (skipped: no Chromium on this machine)' : ''}`,
  () => {
    beforeAll(async () => {
      browser = await launch();
      // Four hours in half a real one: one symbol falls silent at 11:04 for good, packets of an unknown mode come
      // before that.
      shown = await startShown(folder, [
        'shadow',
        '--duration',
        '240',
        '--speed',
        '8',
        '--mode',
        'snapquote',
        '--fault',
        'mute-symbol:symbol=TCS,at=240,for=80000',
        '--fault',
        'unknown-mode:at=30',
      ]);
      early = await open(browser, shown.url);
    });

    afterEach(async () => {
      for (const { page, errors, foreignRequests } of opened.splice(0)) {
        expect(errors).toEqual([]);
        expect(foreignRequests).toEqual([]);
        await page.close();
      }
    });

    afterAll(async () => {
      shown.running.child.kill('SIGKILL');
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('shows 50 ticking symbols with their prices, and the checklist', async () => {
      const page = await watch(shown.url);
      await eventually(page, `${alive} === 50`);
      expect(await rows(page).count()).toBe(50);
      expect(await page.locator('td.last').allTextContents()).toEqual(
        expect.arrayContaining([expect.stringMatching(/^[\d,]+\.\d\d$/)]),
      );
      expect(await page.locator('td.last', { hasText: '–' }).count()).toBe(0);
      expect(await page.locator('.strip i').count()).toBe(50);
      expect(await page.locator('.checklist li').count()).toBe(14);
      expect(await page.locator('.link').textContent()).toBe('live');
      expect(await page.title()).toMatch(/\d+:\d\d · \d+\/50 · tickshard/);
    });

    it('follows the run: prices and the clock change', async () => {
      const page = await watch(shown.url);
      await eventually(page, `${alive} >= 49`);
      const read =
        "[document.querySelector('.clock').textContent, [...document.querySelectorAll('td.last')].map((cell) => cell.textContent).join()]";
      const [clock, prices] = await page.evaluate<[string, string]>(read);
      await eventually(
        page,
        `((now) => now[0] !== ${JSON.stringify(clock)} && now[1] !== ${JSON.stringify(prices)})(${read})`,
      );
    });

    it('opens a chart with candles, VWAP, high of day, and the conditions of the rule', async () => {
      const page = await watch(shown.url);
      await page.click('tr[data-symbol="RELIANCE"]', { timeout: 0 });
      await eventually(
        page,
        `document.querySelectorAll('.rule li').length === 3 && /VWAP [\\d,]+\\.\\d\\d/.test(document.querySelector('.key .vwap').textContent)`,
      );
      await expect.poll(() => page.evaluate<number>(INKED), { timeout: 250_000 }).toBeGreaterThan(100);
      expect(await page.locator('.chart h3').textContent()).toMatch(/^RELIANCE {2}[\d,]+\.\d\d/);
      expect(await page.locator('.figures').textContent()).toMatch(
        /11:\d\d {2}O [\d,.]+ {2}H [\d,.]+ {2}L [\d,.]+ {2}C [\d,.]+ {2}volume .* {2}open interest [\d,]+$/,
      );
      await page.keyboard.press('Escape');
      expect(await page.locator('.chart').isHidden()).toBe(true);
    });

    it('can be used by keyboard: search a symbol, open it, close it', async () => {
      const page = await watch(shown.url);
      await eventually(page, `${alive} >= 49`);
      await page.keyboard.press('/');
      await page.keyboard.type('hdfc');
      expect(await rows(page).count()).toBe(2);
      await page.keyboard.press('Enter');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.chart:not([hidden])');
      expect(await page.locator('.chart h3').textContent()).toMatch(/^HDFCLIFE/);
      expect(await page.evaluate(`document.activeElement.textContent`)).toBe('HDFCLIFE');
      await page.keyboard.press('Escape');
      expect(await page.locator('.chart').isHidden()).toBe(true);
    });

    it('sorts by a column, and back', async () => {
      const page = await watch(shown.url);
      await eventually(page, `${alive} >= 49`);
      await page.click('thead th.last button');
      expect(await page.getAttribute('thead th.last', 'aria-sort')).toBe('descending');
      const price = (text: string): number => Number(text.replaceAll(',', ''));
      const prices = (await page.locator('td.last').allTextContents()).map(price);
      // What moved since it was sorted may stand one line off.
      expect(prices[0]).toBeGreaterThan(prices[25]);
      expect(prices[25]).toBeGreaterThan(prices[49]);
      await page.click('thead th.symbol button');
      expect((await page.locator('button.name').allTextContents()).slice(0, 2)).toEqual([
        'ADANIENT',
        'ADANIPORTS',
      ]);
    });

    it('shows a gate as failing when a symbol falls silent, names the symbol, and lists refused frames', async () => {
      const { page } = early;
      opened.push(early);
      await eventually(
        page,
        `document.querySelector('[data-gate=fresh].changed .remedy')?.textContent.includes('TCS')`,
      );
      await eventually(
        page,
        `document.querySelector('[data-gate=fresh]')?.getAttribute('data-status') === 'fail'`,
      );
      expect(await page.locator('[data-gate=fresh] .remedy').textContent()).toContain('TCS');
      expect(await page.locator('.badge').getAttribute('data-verdict')).toBe('failing');
      await eventually(
        page,
        `document.querySelector('tr[data-symbol=TCS]').getAttribute('data-state') === 'stale'`,
      );
      await eventually(
        page,
        `document.querySelector('.events [data-kind=refused]') !== null && document.querySelector('.events [data-kind=gate][data-level=bad]') !== null`,
      );
      expect(await page.locator('.events [data-kind=refused] .text').first().textContent()).toMatch(
        /refused: of an unknown mode/,
      );
    });

    it('gives a reload and a second viewer the whole state', async () => {
      const page = await watch(shown.url);
      await eventually(page, `${alive} >= 49`);
      const events = (of: Page): Promise<number> => of.locator('.events li').count();
      const before = await events(page);
      await page.reload();
      const second = await watch(shown.url, { theme: 'light' });
      for (const one of [page, second]) {
        await eventually(one, `${alive} >= 49`);
        expect(await events(one)).toBeGreaterThanOrEqual(before);
        expect(await one.locator('.line[points=""]').count()).toBe(0);
      }
    });

    it.each([
      [1440, 900],
      [1024, 900],
      [390, 844],
    ])('fits a screen of %i by %i in the dark and in the light', async (width, height) => {
      for (const theme of ['dark', 'light'] as const) {
        const page = await watch(shown.url, { width, height, theme });
        await eventually(page, `${alive} >= 49`);
        expect(
          await page.evaluate(`document.documentElement.scrollWidth - window.innerWidth`),
        ).toBeLessThanOrEqual(0);
        const ground = await page.evaluate<string>(GROUND);
        expect(Number(/\d+/.exec(ground)![0]) < 128).toBe(theme === 'dark');
        await page.click('.theme');
        expect(await page.evaluate(`getComputedStyle(document.body).backgroundColor`)).not.toBe(ground);
      }
    });

    it('reports a lost connection, and reconnects to the next run', async () => {
      const page = await watch(shown.url);
      await eventually(page, `${alive} >= 49`);
      shown.running.child.kill('SIGKILL');
      await eventually(page, `document.body.dataset['link'] === 'lost'`);
      expect(await page.locator('.banner').textContent()).toMatch(
        /^The connection to the run is lost since \d\d:\d\d:\d\d; trying again\. What is shown is old\.$/,
      );
      await shown.running.ended;
      // In stepped time, held until the page has found it.
      const second = await startShownHeld(
        folder,
        /^11:01 {2}/m,
        ['--duration', '2', '--speed', 'max', '--out', 'second'],
        new URL(shown.url).port,
      );
      shown = second;
      await eventually(
        page,
        `document.body.dataset['link'] === 'live' && document.querySelector('.banner').hasAttribute('hidden')`,
      );
      // What it shows by then depends on the machine's speed: a held run tells nothing new.
      second.release();
      // And stays when that run ends in order, saying how it ended.
      await eventually(page, `document.body.dataset['link'] === 'ended'`);
      expect(await page.locator('.badge').textContent()).toBe('PASS');
      expect(await page.locator('.banner').textContent()).toMatch(
        /^The run has ended\. Its report: data\/test\/reports\/\S+\.html/,
      );
      expect((await shown.running.ended).code).toBe(0);
    });

    it('can watch a run in stepped time, until Ctrl-C ends it', async () => {
      const long = await startShown(folder, [
        'shadow',
        '--duration',
        '240',
        '--speed',
        'max',
        '--out',
        'third',
      ]);
      try {
        const page = await watch(long.url);
        await eventually(page, `${alive} >= 49`);
        const clock = await page.locator('.clock').textContent();
        await eventually(page, `document.querySelector('.clock').textContent !== ${JSON.stringify(clock)}`);
        long.running.child.kill('SIGINT');
        await eventually(page, `document.body.dataset['link'] === 'ended'`);
        expect(await page.locator('.badge').textContent()).toBe('INTERRUPTED');
        expect((await long.running.ended).code).toBe(130);
      } finally {
        long.running.child.kill('SIGKILL');
      }
    });
  },
);
