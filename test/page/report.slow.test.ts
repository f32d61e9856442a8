/** The report of a run as a page that is opened from disk, in a real browser. */
import { readdirSync, readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, simulated } from '../program/command.js';
import { firstOf, slow } from '../tier.js';
import { CHROMIUM, launch, open, type Watched } from './browser.js';

const folder = mkdtempSync(join(tmpdir(), 'tickshard-report-'));
const reports = join(folder, 'data/test/reports');
const named = (ending: string): string =>
  readdirSync(reports).find((name) => name.endsWith(ending) && name !== 'latest.json')!;

// In real time: the page shows latency, which stepped time does not measure.
beforeAll(async () => {
  const { code, stderr } = await run(
    [
      '--ws-test-mode',
      '--stage',
      '2',
      '--duration',
      '4',
      '--feed',
      'sim',
      '--speed',
      '60',
      '--no-journal',
      '--mode',
      'snapquote',
      '--timeframes',
      '1m,3m',
      '--fault',
      'drop:at=100',
      '--fault',
      'truncated:at=30',
    ],
    folder,
  );
  expect(code, stderr).not.toBe(2);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('every run', () => {
  it('writes a page next to its report, which can be made again from the report alone', async () => {
    const [page, json] = [named('.html'), named('.json')];
    expect(page.replace('.html', '')).toBe(json.replace('.json', ''));
    const again = await run(['report', join(reports, 'latest.json'), '--html', 'again.html'], folder);
    expect(again).toMatchObject({ code: 0, stdout: 'Page again.html\n', stderr: '' });
    expect(readFileSync(join(folder, 'again.html'), 'utf8')).toBe(readFileSync(join(reports, page), 'utf8'));
  });

  slow('writes no page with --report, which names the only file that is written', async () => {
    const alone = mkdtempSync(join(tmpdir(), 'tickshard-alone-'));
    const { code } = await run(simulated(1, 1, '--no-journal', '--report', 'only.json'), alone);
    expect(code).toBe(0);
    expect(
      readdirSync(alone, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /html|only|reports/.test(name),
      ),
    ).toEqual(['only.json']);
    rmSync(alone, { recursive: true });
  });

  it.each(
    firstOf(1, [
      [
        ['report', 'nothing.json'],
        /^tickshard: nothing\.json cannot be read \(ENOENT.*data\/test\/reports\.\n$/,
      ],
      [['report', '.'], /^tickshard: \. cannot be read \(EISDIR.*\n$/],
      [['report'], /^tickshard: Not enough/],
      [
        ['report', 'data/test/reports/latest.json', '--html', 'data/test/reports/latest.json'],
        /^tickshard: --html .* is the report itself; name another file\.\n$/,
      ],
      [
        ['report', 'data/test/reports/latest.json', '--html', 'data/test/reports'],
        /^tickshard: The page .* cannot be written \(EISDIR.*\): make room, or let this user write there\.\n$/,
      ],
    ]),
  )('refuses %j in one sentence', async (args, sentence) => {
    const before = readFileSync(join(reports, 'latest.json'), 'utf8');
    const { code, stderr } = await run(args, folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(sentence);
    expect(readFileSync(join(reports, 'latest.json'), 'utf8')).toBe(before);
  });
});

describe.skipIf(CHROMIUM === undefined)(
  `the report from disk${CHROMIUM === undefined ? ' (skipped: no Chromium on this machine)' : ''}`,
  () => {
    let browser: Browser;
    let watched: Watched;

    beforeAll(async () => {
      browser = await launch();
      watched = await open(browser, pathToFileURL(join(reports, named('.html'))).href, { theme: 'light' });
    });

    afterAll(async () => {
      expect(watched.errors).toEqual([]);
      expect(watched.foreignRequests).toEqual([]);
      await browser.close();
    });

    it('shows the verdict first, then the checklist with observed and expected', async () => {
      const { page } = watched;
      expect(await page.locator('#app > *').first().locator('.badge').textContent()).toMatch(/^(PASS|FAIL)$/);
      expect(await page.locator('main > *').first().getAttribute('id')).toBe('checks');
      expect(await page.locator('.checklist li').count()).toBe(14);
      for (const text of await page.locator('.checklist .expected').allTextContents())
        expect(text).toMatch(/^Expected: \S/);
      expect(await page.locator('.checklist .expected').first().isVisible()).toBe(true);
    });

    it("shows every symbol's candles, ticks over time, latency, gaps, what was refused and why, events, versions and options", async () => {
      const { page } = watched;
      expect(await page.locator('.multiple').count()).toBe(50);
      const drawn = await page
        .locator('.multiple svg')
        .evaluateAll(
          (drawings) =>
            drawings.filter((drawing) =>
              [...drawing.querySelectorAll('path')].some(
                (path) => (path.getAttribute('d') ?? '').length > 50,
              ),
            ).length,
        );
      expect(drawn).toBe(50);
      for (const id of ['flow', 'times'])
        expect((await page.locator(`#${id} path.bars`).getAttribute('d'))!.length).toBeGreaterThan(50);
      expect(await page.locator('#gaps dd').first().textContent()).toMatch(/s of market time$/);
      expect(await page.locator('#refused').textContent()).toMatch(
        /of a length that no frame of its mode has/,
      );
      expect(await page.locator('.events [data-kind=disconnected]').count()).toBe(1);
      expect(await page.locator('#versions').textContent()).toMatch(
        /tickshard\d.*node\d+\.\d+\.\d+.*piscina\d/s,
      );
      expect(await page.locator('#options').textContent()).toMatch(
        /run.*mode.*snapquote.*faults.*drop:at=100, truncated:at=30/s,
      );
    });

    slow('opens the chart of a symbol', async () => {
      const { page } = watched;
      await page.click('.multiple[data-symbol="INFY"]');
      expect(await page.locator('.chart h3').textContent()).toMatch(/^INFY/);
      await expect
        .poll(() => page.locator('.canvas canvas').count(), { timeout: 250_000 })
        .toBeGreaterThan(0);
    });

    slow('shows the candles of the timeframe that is chosen', async () => {
      const { page } = watched;
      await page.click('.multiple[data-symbol="INFY"]');
      const buttons = page.locator('.timeframes button');
      expect(await buttons.allTextContents()).toEqual(['1m', '3m']);
      await buttons.nth(1).click();
      expect(await page.locator('.timeframes [aria-pressed=true]').textContent()).toBe('3m');
      expect(await page.locator('.figures').textContent()).toMatch(/^11:03 {2}O /);
      await buttons.nth(0).click();
      expect(await page.locator('.figures').textContent()).toMatch(/^11:04 {2}O /);
    });

    slow('shows untrusted names and texts literally', async () => {
      const hostile = `</script><img src=x onerror="document.title='owned'"><b>M&M</b>`;
      const report = JSON.parse(readFileSync(join(reports, 'latest.json'), 'utf8')) as {
        symbols: { symbol: string }[];
        gates: { observed: string }[];
        options: Record<string, unknown>;
        sights: { events: { text: string }[] };
      };
      report.symbols[0].symbol = hostile;
      report.gates[0].observed = hostile;
      report.options['out'] = hostile;
      report.sights.events[0].text = hostile;
      writeFileSync(join(folder, 'hostile.json'), JSON.stringify(report));
      expect(await run(['report', 'hostile.json'], folder)).toMatchObject({ code: 0, stderr: '' });
      const shown = await open(browser, pathToFileURL(join(folder, 'hostile.html')).href);
      const { page } = shown;
      await page.locator('.multiple').first().click();
      for (const place of [
        '.multiple b',
        '.chart h3',
        '.checklist .observed',
        '.events .text',
        '#options',
        'button.name',
      ])
        expect(await page.locator(place).first().textContent(), place).toContain(hostile);
      expect(await page.locator('img, b b').count()).toBe(0);
      expect(await page.title()).not.toBe('owned');
      expect([shown.errors, shown.foreignRequests]).toEqual([[], []]);
      await page.close();
    });

    slow('prints everything, on white, without controls', async () => {
      const { page } = watched;
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      expect(await page.evaluate(`getComputedStyle(document.body).backgroundColor`)).toBe(
        'rgb(255, 255, 255)',
      );
      expect(await page.locator('.theme').isVisible()).toBe(false);
      expect(await page.locator('.multiple').last().isVisible()).toBe(true);
      expect((await page.pdf({ format: 'A4', printBackground: true })).length).toBeGreaterThan(20_000);
      await page.emulateMedia({ media: 'screen' });
    });
  },
);
