/**
 * The page's HTML. The live page loads its program and style from its server. A report's page holds everything and
 * loads nothing. A Content-Security-Policy allows only the shipped program and style, in a report by their hashes.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { escapeHtml } from '../text/html.js';
import { shipped } from '../paths.js';
import { reportState } from './report-page.js';
import type { DashboardState } from './state.js';

/** Program and style, as built. */
export interface PageParts {
  readonly script: string;
  readonly style: string;
}

export function pageParts(): PageParts {
  const read = (name: string): string => readFileSync(shipped(`dist/page/${name}`), 'utf8');
  return { script: read('page.js'), style: read('page.css') };
}

const ICON = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#12202f"/><path d="M4 3v10M12 4v9" stroke="#8aa4bf"/><rect x="2.5" y="6" width="3" height="5" fill="#26a37a"/><rect x="10.5" y="6" width="3" height="4" fill="#e0566b"/></svg>')}`;

/** The live page loads only what this server sends. */
export const LIVE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function frame(head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<link rel="icon" href="${ICON}">
${head}
</head>
<body>
<div id="app"></div>
${body}
</body>
</html>
`;
}

export function livePage(): string {
  return frame(
    `<title>tickshard</title>\n<link rel="stylesheet" href="/page.css">`,
    '<noscript>This page needs JavaScript, which it loads from this machine only.</noscript>\n<script src="/page.js"></script>',
  );
}

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** JSON for a script element: no name in it can end the element. */
function embedded(value: object): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** Verdict and checklist for a browser without scripts. */
function plain({ run, now, gates }: DashboardState): string {
  const rows = gates.map(
    ({ status, title, observed, remedy }) =>
      `<li>[${status}] ${escapeHtml(title)}: ${escapeHtml(observed)}${remedy === null ? '' : ` ${escapeHtml(remedy)}`}</li>`,
  );
  return `<noscript><h1>Verdict: ${escapeHtml((now.verdict ?? 'none').toUpperCase())}</h1><p>${escapeHtml(run.title)}, ${escapeHtml(run.runId)}</p><ul>${rows.join('')}</ul></noscript>`;
}

/** The page of a run that has ended, in one file. */
export function staticPage(state: DashboardState, { script, style }: PageParts): string {
  const policy = `default-src 'none'; script-src ${sha256(script)}; style-src ${sha256(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>tickshard ${escapeHtml(state.run.runId)}: ${escapeHtml(state.now.verdict ?? 'running')}</title>
<style>${style}</style>`;
  return frame(
    head,
    `${plain(state)}\n<script type="application/json" id="state">${embedded(state)}</script>\n<script>${script}</script>`,
  );
}

/** The page of a report from JSON.parse. Throws EngineError REPORT if it cannot be shown. */
export function reportPage(report: unknown): string {
  return staticPage(reportState(report), pageParts());
}
