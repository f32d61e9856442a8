/** `tickshard doctor`: can a run work here and now? Logs in and opens the feed once; leaves no file. */
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { defineCommand } from '../../cli/command.js';
import { outFolder, remoteFeed } from '../../cli/config.js';
import type { ValuesOf } from '../../cli/options/table.js';
import { DEFAULT_AT, time } from '../../cli/values.js';
import { SystemClock, type Clock } from '../../clock.js';
import { EngineError, EXIT, sentenceOf } from '../../errors.js';
import { nameOf, reliance, serverOf, type DoctorFeed, type Server } from './server.js';
import { TITLES, failed, passed, skipped, warned, type Check } from './check.js';
import { clockCheck, coresCheck, diskCheck, marketCheck, nodeCheck } from './machine.js';
import { tryFeed } from './trial.js';
import type { BrokerSession } from '../../broker/broker.js';
import { LoginRefused } from '../../broker/refusals.js';
import { inContinuous, istDate, istStamp } from '../../market/session.js';
import { secondsText } from '../../text/duration.js';
import { statusRow } from '../../terminal/rows.js';
import { broker } from '../../run/broker.js';
import { removeFolders, checkFolder, nearestExisting, probeFolder } from '../../run/output-folders.js';
import { terminalOn } from '../../run/presenter.js';
import { proxyNamed, type Access } from '../../run/source.js';
import { onStop } from '../../run/shutdown.js';
import { tradingCalendar } from '../../market/trading-calendar.js';
import { disagreement, niftyFifty, readInstrumentMaster } from '../../run/universe.js';

interface DoctorOptions extends Pick<ValuesOf<'doctor'>, 'instruments' | 'json'> {
  readonly feed: DoctorFeed;
  /** A run's --out. */
  readonly out: string;
}

const titleWidth = Math.max(...Object.values(TITLES).map((title) => title.length));

/**
 * Prints a line for each check; returns the exit code: 0, 1 if a check failed, 130 if interrupted. Throws EngineError
 * USAGE or CONFIG for unusable options.
 */
async function doctor({ feed, out, instruments, json }: DoctorOptions): Promise<number> {
  const name = nameOf(feed);
  const terminal = terminalOn(json ? process.stderr : process.stdout);
  const checks: Check[] = [];
  const say = (check: Check): void => {
    checks.push(check);
    terminal.say(
      statusRow(
        { ...check, title: TITLES[check.id] },
        titleWidth,
        (status, text) => terminal.paint(status, text),
        terminal.columns,
      ),
    );
  };
  const abort = new AbortController();
  const release = onStop(() => abort.abort());
  try {
    terminal.say(`tickshard doctor, feed ${name}`);
    await runChecks(say, { feed, out, instruments, signal: abort.signal });
  } finally {
    release();
  }
  if (abort.signal.aborted) {
    terminal.say('Interrupted.');
    return EXIT.interrupted;
  }
  const bad = checks.filter(({ status }) => status === 'fail').length;
  const warnings = checks.filter(({ status }) => status === 'warn').length;
  terminal.say(
    bad > 0
      ? `${bad} of ${checks.length} checks failed.`
      : warnings > 0
        ? `A run can start; ${warnings} of ${checks.length} checks warn.`
        : 'A run can start.',
  );
  if (json)
    process.stdout.write(
      `${JSON.stringify({ ok: bad === 0, feed: name, checks: checks.map((check) => ({ title: TITLES[check.id], ...check })) }, null, 2)}\n`,
    );
  return bad === 0 ? EXIT.pass : EXIT.failed;
}

interface CheckContext {
  readonly feed: DoctorFeed;
  readonly out: string;
  readonly instruments: string | undefined;
  readonly signal: AbortSignal;
}

async function runChecks(
  say: (check: Check) => void,
  { feed, out, instruments, signal }: CheckContext,
): Promise<void> {
  const nowMs = feed.kind === 'sim' ? feed.atMs : new SystemClock().wallMs();
  say(nodeCheck(process.versions.node, `${process.platform} ${process.arch}`));
  say(coresCheck(availableParallelism()));
  say(foldersCheck([out, 'data/test/reports', 'logs'].map((folder) => resolve(folder))));
  say(await freeSpaceCheck(resolve(out)));
  const market = marketCheck(tradingCalendar(), nowMs);
  if (feed.kind === 'sim')
    say({ ...market, observed: `simulated, from ${istStamp(nowMs)}, ${market.observed}` });
  else say(market);
  say(
    feed.kind === 'sim' && instruments === undefined
      ? skipped('instruments', 'the simulated market has the tokens that were shipped')
      : await instrumentsCheck(instruments, istDate(nowMs)),
  );
  const server = await serverOf(feed, say);
  if (server === undefined) {
    const why = feed.kind === 'sim' ? 'without a server' : 'without credentials';
    for (const id of ['login', 'clock', 'handshake', 'pong', 'packet', 'close'] as const)
      say(skipped(id, why));
    return;
  }
  try {
    await checkServer(say, server, { simulated: feed.kind === 'sim', signal });
  } finally {
    server.stop();
  }
}

async function checkServer(
  say: (check: Check) => void,
  { access, clock }: Server,
  { simulated, signal }: { readonly simulated: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const session = await sessionOf(access, clock, simulated, signal, say);
  if (signal.aborted) return;
  if (session === undefined) {
    for (const id of ['handshake', 'pong', 'packet', 'close'] as const) say(skipped(id, 'without a log-in'));
    return;
  }
  const day = tradingCalendar().of('NSE').day(istDate(clock.wallMs()), true);
  const inSession = day.kind !== 'shut' && inContinuous(day.session, clock.wallMs());
  const { endpoint } = access;
  for (const check of await tryFeed({ endpoint, session, clock, token: reliance(), inSession, signal }))
    say(check);
}

/** Makes each folder with missing parents, writes to it, and removes what it made. */
function foldersCheck(folders: readonly string[]): Check {
  const made: string[] = [];
  try {
    for (const folder of folders) {
      checkFolder(folder);
      made.push(...probeFolder(folder, `doctor-${process.pid}`));
    }
    return passed('folders', folders.join(', '));
  } catch (error) {
    return failed(
      'folders',
      'no',
      `${sentenceOf(error)} Start in a folder that is yours, or name another one with --out.`,
    );
  } finally {
    removeFolders(made);
  }
}

async function freeSpaceCheck(folder: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(nearestExisting(folder));
    return diskCheck(bavail * bsize, folder);
  } catch (error) {
    return warned('disk', `${folder} cannot be looked at`, sentenceOf(error));
  }
}

/** The instrument file's age, and its agreement with the shipped tokens. */
async function instrumentsCheck(named: string | undefined, today: string): Promise<Check> {
  try {
    const master = await readInstrumentMaster(named, true, today);
    if (master === undefined)
      return warned(
        'instruments',
        'none was fetched',
        "The tokens are those that were shipped: `tickshard instruments --fetch` gets the broker's of today to check them by.",
      );
    const wrong = niftyFifty().flatMap((listing) => disagreement(listing, master.scrips) ?? []);
    const observed = `${master.path}, ${master.date === undefined ? '' : master.date === today ? 'of today, ' : `of ${master.date}, `}${50 - wrong.length} of the 50 tokens of the NIFTY 50 agree`;
    if (wrong.length > 0)
      return failed(
        'instruments',
        observed,
        `${wrong[0]}${wrong.length > 1 ? ` (and ${wrong.length - 1} more: \`tickshard instruments\`)` : ''}.`,
      );
    return master.warnings.length > 0
      ? warned('instruments', observed, master.warnings.join(' '))
      : passed('instruments', observed);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return failed(
      'instruments',
      'of no use',
      `${error.message} \`tickshard instruments --fetch\` gets the broker's of today.`,
    );
  }
}

async function sessionOf(
  { endpoint, credentials }: Access,
  clock: Clock,
  simulated: boolean,
  signal: AbortSignal,
  say: (check: Check) => void,
): Promise<BrokerSession | undefined> {
  const startMs = clock.monoMs();
  const clockOf = (aheadMs: number | undefined): Check =>
    simulated
      ? skipped('clock', 'the simulated broker has market time')
      : aheadMs === undefined
        ? skipped('clock', 'the server did not say its time')
        : clockCheck(aheadMs);
  try {
    const session = await broker.access.logIn(endpoint, credentials, clock, signal);
    say(
      passed(
        'login',
        `after ${secondsText(clock.monoMs() - startMs, 2)}, valid until ${istStamp(session.validUntilMs)}`,
      ),
    );
    say(clockOf(session.clockAheadMs));
    return session;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (signal.aborted) return undefined;
    const answered = error instanceof LoginRefused;
    const proxy = answered ? undefined : proxyNamed();
    say(
      failed(
        'login',
        'no',
        `${error.message}${proxy === undefined ? '' : ` ${proxy} is set, and tickshard connects without a proxy.`}`,
      ),
    );
    say(answered ? clockOf(error.clockAheadMs) : skipped('clock', 'without an answer'));
    return undefined;
  }
}

export const command = defineCommand<'doctor', DoctorOptions>({
  about:
    'Logs in once and opens the feed once, as a run would, and leaves no file. Secrets are never shown. --feed sim starts the simulated broker for it: that checks this machine, and needs no account.',
  exitCodes: { 0: 'a run can start', 1: 'a check failed', 2: 'usage or configuration' },
  example: 'tickshard doctor',
  check: (values) => {
    const feed: DoctorFeed =
      values.feed === 'sim'
        ? { kind: 'sim', atMs: time.read(DEFAULT_AT, 'at') }
        : remoteFeed(values.feed, values.ca);
    const { out, instruments, json } = values;
    return { feed, out: outFolder(out, feed), instruments, json };
  },
  run: doctor,
});
