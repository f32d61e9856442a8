/**
 * Bundles the page's program with the chart library, and copies its style. Run by `npm run
 * build`.
 */
import { copyFileSync } from 'node:fs';
import { build } from 'rolldown';

await build({
  input: 'src/page/main.ts',
  output: { file: 'dist/page/page.js', format: 'iife', minify: true },
});
copyFileSync('src/page/page.css', 'dist/page/page.css');
