/** docs/accuracy.md and the JSON beside it, from a table. */
import { MAKERS, MODES, PRICES, RATES, type Cell, type Table } from './table.js';

export interface Run {
  /** One a day and regime. */
  readonly days: readonly { readonly seed: number; readonly date: string; readonly minutes: number }[];
  readonly symbols: number;
  readonly date: string;
  readonly machine: string;
}

const percent = (part: number, of: number, digits = 2): string =>
  of === 0 ? '-' : ((100 * part) / of).toFixed(digits);

function row(cell: Cell): string {
  const { mode, rate, maker, minutes, invented, missing, prices, volume, bound } = cell;
  const traded = mode !== 'ltp';
  const cells = [
    `${mode}, ${rate}/s`,
    maker,
    ...PRICES.map(
      (price) =>
        `${percent(prices[price].exact, minutes, 1)} (${(prices[price].sum / minutes).toFixed(2)}, ${Math.round(prices[price].worst)})`,
    ),
    traded ? percent(volume.error, volume.of) : '-',
    traded && maker === 'tickshard'
      ? `${percent(bound.within, bound.of)} of ${percent(bound.slack, volume.of)}`
      : '-',
    `${invented} / ${missing}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function text({ cells, trades, frames, days }: Table, failures: readonly string[], run: Run): string {
  const sorted = MODES.flatMap((mode) =>
    RATES.flatMap((rate) =>
      MAKERS.flatMap((maker) =>
        cells.filter((cell) => cell.mode === mode && cell.rate === rate && cell.maker === maker),
      ),
    ),
  );
  const own = sorted.filter(({ maker }) => maker === 'tickshard');
  const snap = own.filter(({ mode }) => mode === 'snapquote');
  return `# Accuracy

How near candles come to the trades that truly happened. Written by \`npm run accuracy\`; not to be edited.

${days} days of an instrument (${run.symbols} symbols of NIFTY 50; ${run.days.map(({ seed, date, minutes }) => `seed ${seed} on ${date}, ${minutes} minutes`).join('; ')}), ${trades.toLocaleString('en')} true trades,
${frames.toLocaleString('en')} frames, each in three modes. ${run.date}, ${run.machine}.

\`naive\` is what most people write: the last price by the minute of arrival, volume by how the day's total moved. \`tickshard\` are this program's own candles,
frame by frame through decoder, router and fold. Prices: share of minutes that are exact, in percent (mean error, worst error, both in ticks). Volume: the sum of all errors in percent
of what was traded; how often it lies within its \`vol_slack\`, in percent, and how much that is of the volume. Minutes that were invented / are missing.

| feed | candles | open | high | low | close | volume off | within its bound | invented / missing |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${sorted.map(row).join('\n')}

${own
  .filter(({ mode }) => mode !== 'ltp')
  .map(
    ({ mode, rate, settled, minutes, repaired }) =>
      `- ${mode} at ${rate} a second: ${percent(settled.minutes, minutes, 1)} % of minutes have a slack of 0, and close and volume of ${percent(settled.exact, settled.minutes, 1)} % of those are the true ones; ${percent(repaired, minutes, 1)} % had a high or low repaired.`,
  )
  .join('\n')}

## What must hold

\`npm run accuracy\` exits with 1 when one of these is missed.

- The volume of every whole minute (Quote, SnapQuote) lies within its \`vol_slack\`; where that is 0, close and volume are the true ones.
- The close of 99.9 % of minutes in SnapQuote mode is the best that the frames could have told, by somebody who sees all of them at once: ${snap.map(({ rate, best, minutes }) => `${percent(best, minutes, 3)} % at ${rate} a second`).join(', ')}.
- No price, volume or count of minutes is worse than naive: not how often it is exact, and not its mean error, by more than 1 % of naive's.
  That 1 % was allowed after the first table: LTP's open at one frame a second is half a percent farther off than naive's, though exact more often.

${failures.length === 0 ? 'All of it holds.' : failures.map((failure) => `- MISSED: ${failure}`).join('\n')}

## What to make of it

- Conflation hides trades. An open or an extreme that no frame showed is lost unless it moved the day's high or low; one frame a second loses more than four.
- LTP frames have no trade time: a frame of a new minute may carry the old minute's price, so the open is the worst of all prices, and there is no volume at all. At one frame a second
  the last price before the minute, which naive takes when it arrives late, is as near to the first trade as the first price in it.
- Quote mode takes a price only when volume rose, which mends most opens and closes; SnapQuote knows the second of the last trade, which mends nearly all closes.
- A high or low that the day's own figures did not move, between two frames, nobody can know of.

## The market model, and its limits

Trades come from the simulated market (\`src/sim/trades.ts\`): a walk pulled towards the day's close, clusters of trades within milliseconds, episodes of more and less business, an opening rush, both
auctions' prints, quiet names of about one trade a second and busy ones of fourteen. Frames are made at a steady rate, when something was traded or (half of the time) the book changed, with stamps of whole seconds; they take 40 to 150 ms,
and one in a thousand is held for up to 3 s, with all behind it. The model knows no halts, no cancelled trades, no block deals, no exchange that publishes late, and no day high that is told later than its
trade; its prices are no real stock's. Nothing in it was chosen after looking at this table. What the real feed does at the edges is UNVERIFIED (no account was at hand).
`;
}

export const documentOf = text;

export function jsonOf(
  { cells, trades, frames, days }: Table,
  failures: readonly string[],
  run: Run,
): string {
  return `${JSON.stringify({ ...run, instrumentDays: days, trades, frames, failures, cells }, null, 2)}\n`;
}
