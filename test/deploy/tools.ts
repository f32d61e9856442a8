/** Programs of the system that check what is in `deploy`. Tests that need one are skipped, with a word, without it. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { shipped } from '../../src/paths.js';

/** The path of a program; undefined if the machine has none. */
export function tool(name: string): string | undefined {
  // Debian has servers where only root looks.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** What a group of tests is called: with the word why it is skipped. */
export function titled(title: string, needed: Readonly<Record<string, string | undefined>>): string {
  const missing = Object.keys(needed).filter((name) => needed[name] === undefined);
  return missing.length === 0 ? title : `${title} (skipped: no ${missing.join(', ')} on this machine)`;
}

/** A file of the tree, by its path from the root. */
export function textOf(path: string): string {
  return readFileSync(shipped(path), 'utf8');
}

export interface AlertRule {
  readonly name: string;
  readonly severity: string;
  readonly summary: string;
  readonly runbook: string;
  readonly expr: string;
}

/** The rules of deploy/prometheus/alerts.yml, as it is laid out; promtool judges the YAML. */
export function alertRules(): readonly AlertRule[] {
  const [, ...blocks] = textOf('deploy/prometheus/alerts.yml').split(/^ {6}- alert: /m);
  return blocks.map((block) => {
    const one = (pattern: RegExp): string => pattern.exec(block)?.[1].trim() ?? '';
    return {
      name: one(/^(\w+)/),
      severity: one(/severity: (\w+)/),
      summary: one(/^ {10}summary: (.*)$/m),
      runbook: one(/^ {10}runbook: (.*)$/m),
      expr: one(/^ {8}expr: (?:>-)?([\s\S]*?)(?=^ {8}(?:for|labels):)/m).replaceAll(/\s+/g, ' '),
    };
  });
}

/** Each query of the dashboard with its panel's title; `$__rate_interval`, which Grafana fills in, is a minute. */
export function dashboardQueries(): readonly { readonly panel: string; readonly expr: string }[] {
  const { panels } = JSON.parse(textOf('deploy/grafana/tickshard.json')) as {
    panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
  };
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ panel: title, expr: expr.replaceAll('$__rate_interval', '1m') })),
  );
}
