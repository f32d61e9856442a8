/**
 * `tickshard instruments`: downloads the broker's instrument file if asked, and compares the shipped NIFTY 50 with
 * the newest. No run downloads.
 */
import { defineCommand } from '../cli/command.js';
import type { ValuesOf } from '../cli/options/table.js';
import { SystemClock } from '../clock.js';
import { EngineError, EXIT } from '../errors.js';
import { readCertificates } from '../feed/certificates.js';
import { istDate } from '../market/session.js';
import { named } from '../text/named.js';
import { count } from '../text/count.js';
import { broker } from '../run/broker.js';
import { disagreement, niftyFifty, readInstrumentMaster, type InstrumentMaster } from '../run/universe.js';

type InstrumentsOptions = ValuesOf<'instruments'>;

/**
 * Returns the exit code: 0, or 1 if a shipped token differs or is missing. Throws EngineError INSTRUMENT for an
 * unusable or never fetched file, CONNECT for the network, OUTPUT if the file cannot be kept. A failure leaves
 * earlier files unchanged.
 */
async function instruments(
  { fetch, from, ca, json }: InstrumentsOptions,
  out: (text: string) => void,
): Promise<number> {
  const clock = new SystemClock();
  const today = istDate(clock.wallMs());
  if (fetch) {
    const url = broker.instruments.downloadUrl(from);
    await broker.instruments.download(url, today, {
      ca: ca === undefined ? undefined : readCertificates(ca),
      clock,
    });
  }
  const master = await readInstrumentMaster(undefined, true, today);
  if (master === undefined)
    throw new EngineError(
      'INSTRUMENT',
      `No instrument file was fetched yet: \`tickshard instruments --fetch\` downloads ${broker.instruments.url} into ${broker.instruments.cacheFolder}.`,
    );
  const wrong = niftyFifty().flatMap((listing) => disagreement(listing, master.scrips) ?? []);
  out(json ? JSON.stringify(asJson(master, wrong), null, 2) : asText(master, wrong));
  return wrong.length === 0 ? EXIT.pass : EXIT.failed;
}

function asJson(
  { path, date, scrips, warnings }: InstrumentMaster,
  wrong: readonly string[],
): Record<string, unknown> {
  const { listings, derivatives, guessedTicks, conflicts } = scrips;
  return {
    ok: wrong.length === 0,
    path,
    date,
    equities: listings.size,
    withFutures: derivatives,
    tickSizesUnknown: guessedTicks,
    conflicts: [...conflicts.values()],
    warnings,
    shippedTokensWrong: wrong,
  };
}

function asText({ path, scrips, warnings }: InstrumentMaster, wrong: readonly string[]): string {
  const { listings, derivatives, guessedTicks, conflicts } = scrips;
  return [
    path,
    `${count(listings.size, 'cash equity', 'cash equities')} of NSE, ${count(derivatives, 'stock')} with futures`,
    ...(guessedTicks > 0
      ? [`${guessedTicks} of them without a tick size that can be read: 0.05 is taken`]
      : []),
    ...(conflicts.size > 0
      ? [`${count(conflicts.size, 'symbol')} cannot be used: ${named([...conflicts.values()])}`]
      : []),
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...(wrong.length === 0
      ? ['The 50 tokens of the shipped NIFTY 50 are the same in it.']
      : [
          `${wrong.length} of the 50 of the shipped NIFTY 50 are not as in it:`,
          ...wrong.map((clause) => `  ${clause}`),
        ]),
  ].join('\n');
}

export const command = defineCommand<'instruments', InstrumentsOptions>({
  about:
    'A run on the live feed goes by the newest file that was fetched, and says so when it is not of today. No run downloads it.',
  exitCodes: {
    0: 'all 50 tokens agree',
    1: 'one does not',
    2: 'usage, or no file of use',
    3: 'the network',
  },
  example: 'tickshard instruments --fetch',
  check: (values) => values,
  run: (options) => instruments(options, (text) => void process.stdout.write(`${text}\n`)),
  printsOnly: () => true,
});
