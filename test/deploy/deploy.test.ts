/** What is in `deploy`, as far as text can be judged: alerts and their pages, the dashboard, unit, timer and image. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { alertRules, dashboardQueries, textOf } from './tools.js';

const rules = alertRules();
const page = 'docs/operations.md';

describe('the alerts', () => {
  it('have a name of their own, a severity, a sentence, and a section of docs/operations.md', () => {
    expect(rules.length).toBeGreaterThan(10);
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
    for (const { name, severity, summary, runbook, expr } of rules) {
      expect(['critical', 'warning'], name).toContain(severity);
      expect(summary, name).toMatch(/^["A-Z].*\."?$/);
      expect(runbook).toBe(`${page}#${name.toLowerCase()}`);
      expect(expr, name).not.toBe('');
    }
  });

  it('are the sections there, and say what to do', () => {
    const sections = textOf(page)
      .split(/^### (?=Tickshard)/m)
      .slice(1);
    expect(sections.map((section) => /^\w+/.exec(section)![0]).sort()).toEqual(
      rules.map(({ name }) => name).sort(),
    );
    for (const section of sections) {
      const [, body] = /^\w+\n\n([\s\S]*?)(?:\n\n|$)/.exec(section)!;
      expect(body.length, section).toBeGreaterThan(80);
    }
  });

  it('are each tested: that they fire, and that they do not', () => {
    const tests = textOf('test/deploy/alerts.test.yml') + textOf('test/deploy/hours.test.yml');
    for (const { name } of rules) {
      expect(tests, name).toMatch(new RegExp(`alertname: ${name} \\}`));
      expect(tests, name).toMatch(new RegExp(`alertname: ${name}\\n +exp_alerts:`));
    }
  });
});

describe('the dashboard', () => {
  it('names only alerts that exist, and its panels lie apart', () => {
    const text = textOf('deploy/grafana/tickshard.json');
    for (const [name] of text.matchAll(/\bTickshard[A-Z]\w+/g))
      expect(rules.map((rule) => rule.name)).toContain(name);
    const { panels } = JSON.parse(text) as {
      panels: readonly {
        id: number;
        title: string;
        gridPos: { x: number; y: number; w: number; h: number };
      }[];
    };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
    expect(dashboardQueries().length).toBeGreaterThanOrEqual(panels.length);
  });
});

describe('the unit', () => {
  const unit = textOf('deploy/systemd/tickshard@.service');
  const timer = textOf('deploy/systemd/tickshard.timer');
  const settings = (text: string): string[] => text.split('\n').filter((line) => /^\w+=/.test(line));

  it('never starts the program again by itself (docs/traps.md A2)', () => {
    expect(settings(unit).filter((line) => line.startsWith('Restart'))).toEqual(['Restart=no']);
    expect(settings(unit)).toContain('StartLimitBurst=3');
    // A calendar only: a timer that counts from the end of the unit is a restart loop.
    expect(settings(timer).filter((line) => line.startsWith('On'))).toEqual([
      'OnCalendar=Mon..Fri *-*-* 08:35:00 Asia/Kolkata',
    ]);
    for (const line of [...settings(unit), ...settings(timer)])
      expect(line).not.toMatch(/^(?:OnFailure|OnSuccess|Upholds|WatchdogSec|RestartSec)=/);
  });

  it('ends the run as Ctrl-C does, and takes a stopped run for no failure', () => {
    for (const line of ['KillSignal=SIGINT', 'KillMode=mixed', 'SuccessExitStatus=130'])
      expect(settings(unit)).toContain(line);
  });

  it('has no secret, and no place for one but a file of its own', () => {
    expect(unit + textOf('deploy/Containerfile')).not.toMatch(/ANGEL_\w+=/);
    expect(settings(unit)).toContain('EnvironmentFile=/etc/tickshard/credentials');
  });
});

describe('the image', () => {
  const file = textOf('deploy/Containerfile');
  const lines = file
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));

  it('copies only what the tree has, and never all of it', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(copied.length).toBeGreaterThan(5);
    // `.env` is in the tree of one who uses it.
    for (const path of copied) {
      expect(path).not.toBe('.');
      expect(existsSync(shipped(path)), path).toBe(true);
    }
  });

  it('has a Node that package.json allows, a user who is not root, and says that it was not built', () => {
    const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } };
    const lowest = Number(/^>=(\d+)\./.exec(engines.node)![1]);
    const bases = lines
      .filter((line) => line.startsWith('FROM '))
      .map((line) => /node:(\d+)-slim/.exec(line)?.[1]);
    expect(bases).toHaveLength(2);
    for (const major of bases) expect(Number(major)).toBeGreaterThan(lowest);
    const user = lines.findLast((line) => line.startsWith('USER '));
    expect(user).toBe('USER node');
    expect(lines.indexOf(user!)).toBeLessThan(lines.findIndex((line) => line.startsWith('ENTRYPOINT ')));
    expect(file).toMatch(/not built/);
  });
});
