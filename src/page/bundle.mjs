/** Bundles the page's program with the chart library, and copies its style. Used by scripts/build.mjs. */
import { copyFileSync } from 'node:fs';
import { build } from 'rolldown';

/** Writes page.js and page.css into `folder`. */
export async function bundle(folder) {
  await build({
    input: 'src/page/main.ts',
    output: { file: `${folder}/page.js`, format: 'iife', minify: true },
    logLevel: 'warn',
  });
  copyFileSync('src/page/page.css', `${folder}/page.css`);
}
