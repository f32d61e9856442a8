/**
 * Makes the page's program out of its parts, chart library included, and puts its style beside it. Run by `npm run
 * build`.
 */
import { copyFileSync } from 'node:fs';
import { build } from 'rolldown';

await build({
  input: 'src/page/main.ts',
  output: { file: 'dist/page/page.js', format: 'iife', minify: true },
});
copyFileSync('src/page/page.css', 'dist/page/page.css');
