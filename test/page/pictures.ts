/**
 * `npm run pictures`: makes README's pictures of the page, live and as a report, of a simulated Stage 2 with a
 * connection that breaks.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sleep } from '../../src/clock.js';
import { packageRoot } from '../../src/paths.js';
import { CHROMIUM, launch, open, startShown } from './browser.js';

/** Into the run: five market minutes and more, of which four are whole. */
const INTO = /^11:06 {2}/m;

async function main(): Promise<number> {
  if (CHROMIUM === undefined) {
    process.stderr.write('Pictures are made with Chromium, which this machine does not have.\n');
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'tickshard-pictures-'));
  const pictures = join(fileURLToPath(packageRoot), 'docs/pictures');
  mkdirSync(pictures, { recursive: true });
  const browser = await launch();
  try {
    const { running, url } = await startShown(folder, [
      '--duration',
      '10',
      '--speed',
      '10',
      '--mode',
      'snapquote',
      '--fault',
      'drop:at=150',
    ]);
    // The run has real time: the pictures show what a person sees.
    await running.saw(INTO);
    for (const [name, width, height, theme, symbol] of [
      ['live', 1440, 900, 'dark', 'GRASIM'],
      ['tablet', 1024, 900, 'light', 'TCS'],
      ['phone', 390, 844, 'dark', ''],
      ['phone-chart', 390, 844, 'dark', 'INFY'],
    ] as const) {
      const { page } = await open(browser, url, { width, height, theme });
      await page.waitForSelector('tbody tr');
      if (symbol !== '') await page.locator(`tr[data-symbol="${symbol}"] .name`).click();
      // A chart needs some time for its layout.
      await sleep(1500);
      await page.evaluate('window.scrollTo(0, 0)');
      await page.screenshot({ path: join(pictures, `${name}.png`) });
      await page.close();
    }
    await running.ended;
    const reports = join(folder, 'data/test/reports');
    const report = readdirSync(reports).find((name) => name.endsWith('.html'))!;
    for (const [name, width, height, theme] of [
      ['report', 1440, 1100, 'light'],
      ['report-phone', 390, 844, 'light'],
    ] as const) {
      const { page } = await open(browser, pathToFileURL(join(reports, report)).href, {
        width,
        height,
        theme,
      });
      await page.screenshot({ path: join(pictures, `${name}.png`) });
      await page.close();
    }
    process.stdout.write(`Written to ${pictures}\n`);
    return 0;
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
