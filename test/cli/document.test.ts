/** The option table and the registry agree with each other, and the generated pages with both. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OPTIONS } from '../../src/cli/options/table.js';
import { COMMANDS } from '../../src/commands/registry.js';
import { CLI_PAGE, cliDocument, OPTIONS_PAGE, optionsDocument } from './document.js';

describe('the generated pages', () => {
  it('are up to date: `npm run options` writes them', async () => {
    expect(readFileSync(OPTIONS_PAGE, 'utf8')).toBe(optionsDocument());
    expect(readFileSync(CLI_PAGE, 'utf8')).toBe(await cliDocument());
  });

  it('have fewer than 200 lines each', async () => {
    for (const page of [optionsDocument(), await cliDocument()])
      expect(page.split('\n').length).toBeLessThan(200);
  });
});

describe('the option table', () => {
  it('names commands of the registry only', () => {
    const names = COMMANDS.map(({ name }) => name);
    for (const { name, commands } of OPTIONS)
      for (const command of commands) expect(names, `--${name}`).toContain(command);
  });

  it('has one row for an option of a command, and one option for a key', () => {
    const names = OPTIONS.flatMap(({ name, commands }) => commands.map((command) => `${command} ${name}`));
    const keys = OPTIONS.flatMap(({ key, commands }) => commands.map((command) => `${command} ${key}`));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('has the same recorded options for a stage run and a shadow run', () => {
    const recorded = (command: string) =>
      OPTIONS.filter(({ commands, recorded }) => recorded && commands.includes(command)).map(
        ({ key }) => key,
      );
    expect(recorded('shadow')).toEqual(recorded('run'));
  });
});
