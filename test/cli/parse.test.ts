import { describe, expect, it } from 'vitest';
import { parse as parseArgv } from '../../src/cli/parse.js';
import { COMMANDS } from '../../src/commands/registry.js';
import { EngineError } from '../../src/errors.js';

/** What a command line asks for, without the functions that run it. */
async function parse(
  argv: readonly string[],
  context: { version: string; columns?: number },
): Promise<{ kind: string; options?: unknown; text?: string; notice?: string | undefined }> {
  const asked = await parseArgv(argv, COMMANDS, context);
  if (asked.kind === 'text') return asked;
  const { name, options, notice } = asked;
  return { kind: name, ...(options === undefined ? {} : { options }), ...(notice && { notice }) };
}

const good = ['--ws-test-mode', '--stage', '1', '--duration', '10'];
const words = (text: string): string[] => (text === '' ? [] : text.split(' '));

async function sentence(argv: readonly string[]): Promise<string> {
  const error: unknown = await parse(argv, { version: '1.2.3' }).then(
    (command) => new Error(`taken: ${JSON.stringify(command)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect((error as EngineError).exitCode).toBe(2);
  expect((error as EngineError).message).not.toContain('\n');
  return (error as EngineError).message;
}

describe('the command line refuses in one sentence', () => {
  it.each([
    ['', /--ws-test-mode/],
    ['--stage 1 --duration 10', /--ws-test-mode/],
    ['--ws-test-mode --duration 10', /--stage is missing/],
    ['--ws-test-mode --stage 1', /--duration is missing/],
    ['--ws-test-mode --stage 3 --duration 10', /--stage takes 1 or 2/],
    ['--ws-test-mode --stage 1 --duration 0', /--duration .* from 1 to 15/],
    ['--ws-test-mode --stage 1 --duration 16', /--duration .* from 1 to 15/],
    ['--ws-test-mode --stage 1 --duration abc', /--duration .*abc/],
    ['--ws-test-mode --stage 1 --duration 1e1', /--duration/],
    ['--ws-test-mode --stage 1 --duration=-5', /--duration/],
    ['--ws-test-mode --stage 1 --duration NaN', /--duration/],
    ['--ws-test-mode --stage 1 --duration', /--duration needs a value|Not enough arguments/],
    ['--ws-test-mode --stage 1 --stage 2 --duration 10', /--stage is given twice/],
    [`${good.join(' ')} --shards abc`, /--shards/],
    [`${good.join(' ')} --shards 0`, /--shards/],
    [`${good.join(' ')} --shards 1.5`, /--shards/],
    [`${good.join(' ')} --grace 31`, /--grace/],
    [`${good.join(' ')} --mode depth`, /--mode/],
    [`${good.join(' ')} --mode LTP`, /--mode/],
    [`${good.join(' ')} --mode toString`, /--mode/],
    [
      `${good.join(' ')} --dashboard abc`,
      /--dashboard takes a whole number from 0 to 65535 \(a port of this machine, 0 for any that is free\), not `abc`/,
    ],
    [`${good.join(' ')} --dashboard 65536`, /--dashboard/],
    [`${good.join(' ')} --metrics=-1`, /--metrics/],
    [`${good.join(' ')} --dashboard --dashboard`, /--dashboard is given twice/],
    [
      `${good.join(' ')} --dashboard 9000 --metrics 9000`,
      /--dashboard and --metrics cannot both have port 9000/,
    ],
    [`${good.join(' ')} --quiet --verbose`, /--quiet and --verbose exclude each other/],
    [`${good.join(' ')} --quiet=yes`, /--quiet takes no value/],
    ['report', /Not enough/],
    ['report a b', /b/],
    ['report a --html=', /--html needs a value/],
    [`${good.join(' ')} --bogus 1`, /bogus/],
    [`${good.join(' ')} --journal=`, /--journal/],
    [`${good.join(' ')} --journal x --no-journal`, /exclude each other/],
    [`${good.join(' ')} --resume --no-journal`, /--resume .*--no-journal/],
    [`${good.join(' ')} --resume --wait-open`, /--resume .*--wait-open/],
    [`${good.join(' ')} --resume=yes`, /--resume takes no value/],
    ['replay', /Not enough|journal/i],
    ['replay a b', /b/],
    ['replay a --speed 0', /--speed takes a number from 0.1/],
    ['replay a --speed fast', /--speed/],
    ['replay a --shards 0', /--shards/],
    ['replay a --mode ltp', /mode/],
    [`${good.join(' ')} extra`, /extra|Unknown/],
    [`${good.join(' ')} --feed moon`, /--feed takes/],
    [`${good.join(' ')} --speed 60`, /--speed belongs to --feed sim/],
    [`${good.join(' ')} --feed sim --speed 0`, /--speed/],
    [`${good.join(' ')} --feed sim --at 2026-02-31T11:00`, /--at/],
    [`${good.join(' ')} --feed sim --at yesterday`, /--at/],
    [`${good.join(' ')} --feed sim --market-clock 2026-11-23T11:00@1`, /--market-clock/],
    [`${good.join(' ')} --feed ws://127.0.0.1:1 --market-clock 2026-11-23T11:00`, /ORIGIN@SPEED/],
    [`${good.join(' ')} --symbols A,B --subset 1`, /exclude/],
    [`${good.join(' ')} --symbols A,,B`, /--symbols/],
    [`${good.join(' ')} --out=`, /--out/],
    [`${good.join(' ')} --json=maybe`, /json/],
    ['simulate --port 70000', /--port/],
    ['simulate --port 0 --duration 5', /duration/],
    ['decode --hex', /hex/],
    [`${good.join(' ')} --wait-open=1`, /--wait-open takes no value/],
    [`${good.join(' ')} --ca x.pem`, /--ca belongs to --feed wss:/],
    [`${good.join(' ')} --feed sim --ca x.pem`, /--ca belongs to --feed wss:/],
    [`${good.join(' ')} --feed ws://127.0.0.1:1 --ca x.pem`, /--ca belongs to --feed wss:/],
    [`${good.join(' ')} --feed wss://host --ca=`, /--ca needs a value/],
    ['doctor --feed sim --ca x.pem', /--ca belongs to --feed wss:/],
    ['doctor --feed moon', /--feed takes live, sim or a ws:/],
    ['doctor --ca x.pem', /--ca belongs to --feed wss:/],
    ['doctor --stage 1', /stage/],
    ['instruments --from https://host/x', /--from belongs to --fetch/],
    ['instruments --ca x.pem', /--ca belongs to --fetch/],
    ['instruments --fetch=yes', /--fetch takes no value/],
    ['compare', /--ours is missing/],
    ['compare --ours a', /--reference is missing/],
    ['compare --ours a --reference b --symbols A,,B', /--symbols takes names/],
    ['compare --ours a --ours b --reference c', /--ours is given twice/],
    ['compare --ours a --reference b --fetch', /--reference and --fetch exclude each other/],
    ['compare --ours a --reference b --feed live', /--feed belongs to --fetch/],
    ['compare --ours a --reference b --instruments c', /--instruments belongs to --fetch/],
    ['compare --ours a --fetch --feed sim --ca x.pem', /tickshard simulate/],
    ['compare --ours a --fetch --ca x.pem', /--ca belongs to --feed wss:/],
    ['compare --ours a --fetch=yes', /--fetch takes no value/],
    ['compare --ours a --reference b --date 2026-02-30', /--date takes a date/],
    ['compare --ours a --reference b --date today', /--date takes a date/],
    ['compare --ours a --reference b --unexplained 101', /--unexplained takes a number from 0 to 100/],
    ['compare --ours a --reference b --html=', /--html needs a value/],
    [`${good.join(' ')} --warm-up`, /--warm-up belongs to --mode quote or snapquote/],
    [`${good.join(' ')} --mode quote --warm-up=1`, /--warm-up takes no value/],
    [`${good.join(' ')} --until-close`, /until-close/],
    ['--ws-test-mode --stage 1 --duration 20', /whole days are for `tickshard shadow`/],
    ['shadow --until-close', /A shadow run needs --ws-test-mode/],
    ['shadow --ws-test-mode', /--until-close is missing/],
    ['shadow --ws-test-mode --until-close --duration 30', /--duration and --until-close exclude each other/],
    ['shadow --ws-test-mode --duration 901', /--duration takes a number from 1 to 900/],
    ['shadow --ws-test-mode --until-close --mode ltp --warm-up', /--warm-up belongs/],
    ['shadow --ws-test-mode --until-close --stage 3', /--stage takes 1 or 2/],
    ['gate', /Not enough|question/i],
    ['gate open', /cutover/],
    ['gate cutover', /--runs is missing/],
    ['cutover', /--runs is missing/],
    ['cutover extra --runs a', /extra|Unknown/],
    ['cutover --runs a --days 0', /--days takes a whole number from 1 to 60/],
    ['cutover --runs a --symbols A,,B', /--symbols takes names/],
    ['prove', /prove|Unknown/],
  ])('tickshard %s', async (text, expected) => {
    expect(await sentence(words(text))).toMatch(expected);
  });
});

describe('the command line understands', () => {
  it('a stage run, with defaults filled in, frozen', async () => {
    const command = await parse([...good, '--feed', 'sim', '--symbols', 'M&M,RELIANCE-EQ'], {
      version: '1.2.3',
    });
    expect(command).toMatchObject({
      kind: 'run',
      options: {
        stage: 1,
        durationMin: 10,
        mode: 'ltp',
        symbols: ['M&M', 'RELIANCE-EQ'],
        graceMs: 3000,
        out: 'data/test/sim/websocket_candles',
        json: false,
        feed: { kind: 'sim', speed: 1, seed: 1, atMs: Date.UTC(2026, 10, 23, 5, 30) },
      },
    });
    expect(Object.isFrozen(command.options)).toBe(true);
  });

  it('the live feed by default, with its own folder', async () => {
    expect(await parse(good, { version: '1.2.3' })).toMatchObject({
      options: { feed: { kind: 'live' }, out: 'data/test/websocket_candles' },
    });
  });

  it('a URL and its market clock', async () => {
    const command = await parse(
      [...good, '--feed', 'ws://127.0.0.1:9000', '--market-clock', '2026-11-23T11:00:30@2.5'],
      { version: '1.2.3' },
    );
    expect(command).toMatchObject({
      options: {
        feed: {
          kind: 'url',
          url: 'ws://127.0.0.1:9000',
          marketClock: { originMs: Date.UTC(2026, 10, 23, 5, 30, 30), speed: 2.5 },
        },
      },
    });
  });

  it('simulate, decode, help and version', async () => {
    expect(await parse(['simulate', '--port', '8080', '--seed', '7'], { version: '1.2.3' })).toMatchObject({
      kind: 'simulate',
      options: { port: 8080, seed: 7, speed: 1 },
    });
    expect(await parse(['decode'], { version: '1.2.3' })).toEqual({ kind: 'decode' });
    expect(
      await parse(['doctor', '--feed', 'wss://host', '--ca', 'x.pem'], { version: '1.2.3' }),
    ).toMatchObject({
      kind: 'doctor',
      options: {
        feed: { kind: 'url', url: 'wss://host', ca: 'x.pem' },
        out: 'data/test/sim/websocket_candles',
        json: false,
      },
    });
    expect(await parse(['doctor'], { version: '1.2.3' })).toMatchObject({
      kind: 'doctor',
      options: { feed: { kind: 'live' }, out: 'data/test/websocket_candles' },
    });
    expect(await parse(['instruments', '--fetch'], { version: '1.2.3' })).toEqual({
      kind: 'instruments',
      options: { fetch: true, from: undefined, ca: undefined, json: false },
    });
    expect(
      await parse(['compare', '--ours', 'a', '--reference', 'b', '--symbols', 'A,B'], {
        version: '1.2.3',
        columns: 90,
      }),
    ).toEqual({
      kind: 'compare',
      options: {
        ours: 'a',
        reference: 'b',
        symbols: ['A', 'B'],
        date: undefined,
        timeframe: '1m',
        unexplainedPercent: undefined,
        report: undefined,
        html: undefined,
        json: false,
        columns: 90,
      },
    });
    expect(
      await parse(['replay', 'data/test/journal/x', '--speed', '2.5', '--shards', '4'], { version: '1.2.3' }),
    ).toEqual({
      kind: 'replay',
      options: {
        journal: 'data/test/journal/x',
        speed: 2.5,
        shards: 4,
        out: undefined,
        history: undefined,
        json: false,
        stream: false,
      },
    });
    expect(await parse(['replay', 'x', '--speed', 'max', '--json'], { version: '1.2.3' })).toMatchObject({
      kind: 'replay',
      options: { speed: undefined, json: true },
    });
    expect(await parse(good, { version: '1.2.3' })).toMatchObject({
      options: { journal: 'data/test/journal', resume: false },
    });
    expect(await parse([...good, '--no-journal'], { version: '1.2.3' })).toMatchObject({
      options: { journal: undefined },
    });
    expect(await parse(words('compare --ours a --fetch --feed ws://127.0.0.1:1 --date 2026-11-23 --unexplained 0.5 --report r.json --html p.html'), { version: '1.2.3' })).toMatchObject({
      kind: 'compare', options: { reference: { feed: { kind: 'url', url: 'ws://127.0.0.1:1' }, instruments: undefined }, date: '2026-11-23', unexplainedPercent: 0.5, report: 'r.json', html: 'p.html' },
    }); // prettier-ignore
    expect(await parse(words('shadow --ws-test-mode --until-close'), { version: '1.2.3' })).toMatchObject({
      kind: 'shadow',
      options: { shadow: true, stage: 2, durationMin: undefined, mode: 'snapquote', warmUp: false },
    });
    expect(
      await parse(words('shadow --ws-test-mode --duration 375 --stage 1 --mode quote --warm-up'), {
        version: '1.2.3',
      }),
    ).toMatchObject({ options: { shadow: true, stage: 1, durationMin: 375, mode: 'quote', warmUp: true } });
    expect(await parse(good, { version: '1.2.3' })).toMatchObject({
      options: { shadow: false, warmUp: false },
    });
    expect(await parse(words('cutover --runs a b --days 3 --symbols A,B'), { version: '1.2.3' })).toEqual({
      kind: 'cutover',
      options: { runs: ['a', 'b'], days: 3, symbols: ['A', 'B'], json: false },
    });
    expect(await parse(words('cutover --json --runs a'), { version: '1.2.3' })).toMatchObject({
      options: { runs: ['a'], days: 5, symbols: undefined, json: true },
    });
    expect(await parse(good, { version: '1.2.3' })).toMatchObject({
      options: { dashboard: undefined, metrics: undefined, voice: 'usual' },
    });
    expect(await parse([...good, '--dashboard', '--metrics', '--quiet'], { version: '1.2.3' })).toMatchObject(
      { options: { dashboard: 8475, metrics: 9475, voice: 'quiet' } },
    );
    expect(
      await parse([...good, '--metrics', '0', '--dashboard', '8000', '--verbose'], { version: '1.2.3' }),
    ).toMatchObject({ options: { dashboard: 8000, metrics: 0, voice: 'verbose' } });
    expect(await parse(words('report data/test/reports/latest.json'), { version: '1.2.3' })).toEqual({
      kind: 'report',
      options: { file: 'data/test/reports/latest.json', html: undefined },
    });
    expect(await parse(words('report a.json --html b.html'), { version: '1.2.3' })).toEqual({
      kind: 'report',
      options: { file: 'a.json', html: 'b.html' },
    });
    const help = await parse(['--help'], { version: '1.2.3' });
    expect(help.kind === 'text' && help.text).toMatch(/simulate[\s\S]*--ws-test-mode[\s\S]*Exit codes/);
    const simulate = await parse(['simulate', '--help'], { version: '1.2.3' });
    expect(simulate.kind === 'text' && simulate.text).toMatch(/loginByPassword[\s\S]*\/simulator\/candles/);
    expect(await parse(['--version'], { version: '1.2.3' })).toEqual({ kind: 'text', text: '1.2.3' });
  });

  it('the earlier spelling of cutover, with a notice', async () => {
    expect(await parse(words('gate cutover --runs a b --days 3'), { version: '1.2.3' })).toEqual({
      kind: 'cutover',
      options: { runs: ['a', 'b'], days: 3, symbols: undefined, json: false },
      notice: 'tickshard gate cutover is now tickshard cutover.',
    });
    expect(await parse(words('cutover --runs a'), { version: '1.2.3' })).not.toHaveProperty('notice');
  });
});
