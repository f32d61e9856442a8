/** `tickshard doctor`: can a run work here and now? Logs in and opens the feed once; leaves no file. */
import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { defineCommand } from '../../cli/command.js';
import { outFolder, remoteFeed, type RemoteFeed } from '../../cli/config.js';
import type { ValuesOf } from '../../cli/options/table.js';
import { SystemClock, type Clock } from '../../clock.js';
import { EngineError, EXIT, sentenceOf } from '../../errors.js';
import { TITLES, failed, passed, skipped, warned, type Check } from './check.js';
import { clockCheck, coresCheck, diskCheck, marketCheck, nodeCheck } from './machine.js';
import { tryFeed } from './trial.js';
import type { BrokerSession } from '../../broker/broker.js';
import type { Endpoint } from '../../broker/endpoint.js';
import { LoginRefused } from '../../broker/refusals.js';
import { inContinuous, istDate, istStamp } from '../../market/session.js';
import { secondsText } from '../../text/duration.js';
import { statusRow } from '../../terminal/rows.js';
import { broker } from '../../run/broker.js';
import { removeFolders, checkFolder, nearestExisting, probeFolder } from '../../run/output-folders.js';
import { terminalOn } from '../../run/presenter.js';
import { accessTo, endpointOf, proxyNamed, type Access } from '../../run/source.js';
import { onStop } from '../../run/shutdown.js';
import { disagreement, niftyFifty, readInstrumentMaster, shippedCalendar } from '../../run/universe.js';

interface DoctorOptions extends Pick<ValuesOf<'doctor'>, 'instruments' | 'json'> {
  readonly feed: RemoteFeed;
  /** A run's --out. */
  readonly out: string;
}

const titleWidth = Math.max(...Object.values(TITLES).map((title) => title.length));

/**
 * Prints a line for each check; returns the exit code: 0, 1 if a check failed, 130 if interrupted. Throws EngineError
 * USAGE or CONFIG for unusable options.
 */
async function doctor({ feed, out, instruments, json }: DoctorOptions): Promise<number> {
  const endpoint = endpointOf(feed);
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
    terminal.say(`tickshard doctor, feed ${new URL(endpoint.feedUrl).host}`);
    await runChecks(say, { feed, endpoint, out, instruments, signal: abort.signal });
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
      `${JSON.stringify({ ok: bad === 0, feed: new URL(endpoint.feedUrl).host, checks: checks.map((check) => ({ title: TITLES[check.id], ...check })) }, null, 2)}\n`,
    );
  return bad === 0 ? EXIT.pass : EXIT.failed;
}

interface CheckContext {
  readonly feed: RemoteFeed;
  readonly endpoint: Endpoint;
  readonly out: string;
  readonly instruments: string | undefined;
  readonly signal: AbortSignal;
}

async function runChecks(
  say: (check: Check) => void,
  { feed, endpoint, out, instruments, signal }: CheckContext,
): Promise<void> {
  const clock = new SystemClock();
  const calendar = shippedCalendar();
  say(nodeCheck(process.versions.node, `${process.platform} ${process.arch}`));
  say(coresCheck(availableParallelism()));
  say(foldersCheck([out, 'data/test/reports', 'logs'].map((folder) => resolve(folder))));
  say(await freeSpaceCheck(resolve(out)));
  say(marketCheck(calendar, clock.wallMs()));
  say(await instrumentsCheck(instruments, istDate(clock.wallMs())));
  const access = accessOf(feed, say);
  if (access === undefined) {
    for (const id of ['login', 'clock', 'handshake', 'pong', 'packet', 'close'] as const)
      say(skipped(id, 'without credentials'));
    return;
  }
  const session = await sessionOf(access, clock, signal, say);
  if (signal.aborted) return;
  if (session === undefined) {
    for (const id of ['handshake', 'pong', 'packet', 'close'] as const) say(skipped(id, 'without a log-in'));
    return;
  }
  const day = calendar.day(istDate(clock.wallMs()), true);
  const inSession = day.kind !== 'shut' && inContinuous(day.session, clock.wallMs());
  const token = niftyFifty().find(({ symbol }) => symbol === 'RELIANCE')!;
  for (const check of await tryFeed({ endpoint, session, clock, token, inSession, signal })) say(check);
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

/** Checks that credentials exist, and never shows them. */
function accessOf(feed: RemoteFeed, say: (check: Check) => void): Access | undefined {
  try {
    const access = accessTo(feed);
    if (access.demo) say(passed('credentials', "none given; the simulated broker's demo account is used"));
    else say(credentialsCheck(access));
    return access;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    say(
      failed(
        'credentials',
        'no',
        `${error.message} README, "Your first live run", says where they come from.`,
      ),
    );
    return undefined;
  }
}

/** Checks their form. */
function credentialsCheck({ credentials, warnings }: Access): Check {
  const { present, usable, doubt } = broker.access.lookAt(credentials);
  if (warnings.length > 0) return warned('credentials', present, warnings.join(' '));
  return doubt === undefined ? passed('credentials', usable) : warned('credentials', present, doubt);
}

async function sessionOf(
  { endpoint, credentials }: Access,
  clock: Clock,
  signal: AbortSignal,
  say: (check: Check) => void,
): Promise<BrokerSession | undefined> {
  const startMs = clock.monoMs();
  const clockOf = (aheadMs: number | undefined): Check =>
    aheadMs === undefined ? skipped('clock', 'the server did not say its time') : clockCheck(aheadMs);
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
  about: 'Logs in once and opens the feed once, as a run would, and leaves no file. Secrets are never shown.',
  exitCodes: { 0: 'a run can start', 1: 'a check failed', 2: 'usage or configuration' },
  example: 'tickshard doctor',
  check: (values) => {
    const feed = remoteFeed(values.feed, values.ca);
    const { out, instruments, json } = values;
    return { feed, out: outFolder(out, feed), instruments, json };
  },
  run: doctor,
});
