/** The section of docs/accuracy.md on true trades. */
import { wrap } from '../../src/text/wrap.js';
import { PRICES } from './table.js';
import type { Character, Fit } from './walk-fit.js';
import { TAPE_FEEDS, TAPE_MAKERS, type TapeCell, type TapeTable } from './tapes.js';

const COLUMNS = 120;

/** A figure of each maker. */
const each = (cells: readonly TapeCell[], text: (cell: TapeCell) => string): string =>
  cells.map(text).join(' / ');

function row(name: string, { mode, rate }: (typeof TAPE_FEEDS)[number], { cells }: TapeTable): string {
  const of = TAPE_MAKERS.map((maker) =>
    cells.find(
      (cell) => cell.name === name && cell.mode === mode && cell.rate === rate && cell.maker === maker,
    )!,
  );
  const prices = PRICES.map((price) => {
    const exact = each(of, (cell) => ((100 * cell.prices[price].exact) / cell.minutes).toFixed(0));
    return `${exact} (${each(of, (cell) => (cell.prices[price].sum / cell.minutes).toFixed(2))})`;
  });
  const volume =
    mode === 'ltp' ? '-' : each(of, (cell) => ((100 * cell.volume.error) / cell.volume.of).toFixed(2));
  return `| ${[`${name}, ${mode}, ${rate}/s`, ...prices, volume].join(' | ')} |`;
}

/** Opens of ours, and of bars that wait for a new price, at the measured rate: percent exact. */
function waitingText({ cells }: TapeTable, names: readonly string[]): string {
  const open = (name: string, maker: TapeCell['maker']): string => {
    const cell = cells.find(
      (one) => one.name === name && one.mode === 'ltp' && one.rate < 1 && one.maker === maker,
    )!;
    return ((100 * cell.prices.open.exact) / cell.minutes).toFixed(0);
  };
  return names
    .map((name) => `${name} ${open(name, 'waiting')} in place of ${open(name, 'tickshard')}`)
    .join(', ');
}

/** How many of our SnapQuote figures are the oracle's. */
function sameText({ cells }: TapeTable): string {
  const pairs = cells
    .filter(({ mode, maker }) => mode === 'snapquote' && maker === 'tickshard')
    .flatMap((own) => {
      const oracle = cells.find(
        ({ name, mode, rate, maker }) =>
          name === own.name && mode === own.mode && rate === own.rate && maker === 'oracle',
      )!;
      const figures = ({ prices, volume }: TapeCell): number[] => [
        ...PRICES.flatMap((price) => [prices[price].exact, prices[price].sum]),
        volume.error,
      ];
      return figures(own).map((figure, k) => figure === figures(oracle)[k]);
    });
  return `${pairs.filter((same) => same).length} of ${pairs.length}`;
}

function fitRow({ name, tape, walk }: Fit): string {
  const both = (of: (character: Character) => string): string => `${of(tape)} / ${of(walk)}`;
  const cells = [
    both(({ tradesPerSecond }) => tradesPerSecond.toFixed(2)),
    both(({ dispersion }) => dispersion.toFixed(1)),
    both(({ moves }) => (100 * moves).toFixed(0)),
    both(({ emptySeconds }) => (100 * emptySeconds).toFixed(0)),
    both(({ mostInASecond }) => String(mostInASecond)),
  ];
  return `| ${[name, ...cells].join(' | ')} |`;
}

/** Without tapes measured there is no section. */
export function tapesText(table: TapeTable | undefined): string {
  if (table === undefined) return '';
  const names = [...new Set(table.tapes.map(({ name }) => name))];
  const about = names.map((name) => {
    const own = table.tapes.filter((tape) => tape.name === name);
    const sum = (of: 'trades' | 'minutes'): number => own.reduce((all, tape) => all + tape[of], 0);
    return `${name} ${sum('minutes')} minutes with ${sum('trades').toLocaleString('en')} trades`;
  });
  return `## True trades

${wrap(`Tapes of trades that really happened, cut to a session of 360 minutes: ${about.join(', ')}. ${table.date}, ${table.machine}.`, COLUMNS)}
What these tapes are is in [tapes.md](tapes.md#the-tapes-that-accuracy-is-measured-on). They are not part of the
project: \`npm run accuracy -- --tapes DIR\` measures them alone.

The real feed sends about 1.5 packets a second of an instrument in SnapQuote mode and 0.7 in LTP mode; one a second is
there to compare the modes. Packets are even in time, also without a trade, with the last trade as it was when they
were made. Each cell is naive / tickshard / oracle: share of exact minutes in percent, and in brackets the mean distance
in ticks. The oracle sees all packets at once and knows the ms of each trade that they show. Volume: the sum of all
errors in percent. The minute of the first packet is left out.

| tape, feed | open | high | low | close | volume off |
| --- | --- | --- | --- | --- | --- |
${names.flatMap((name) => TAPE_FEEDS.map((feed) => row(name, feed, table))).join('\n')}

- SnapQuote: ${sameText(table)} figures of ours (exact, distance, volume) are the oracle's. What else is missing is in no
  packet: trades between two packets.
- LTP: ours is much like naive's, and below the oracle, which has what LTP frames lack: whether there was a trade. A
  packet of a new minute that repeats the price may be a trade at that price, or none since the old minute. We take it
  for a trade, which is right for busy instruments and wrong for thin ones. Bars that wait for another price have
  these shares of exact opens at 0.7 a second:
  ${wrap(`${waitingText(table, names)}.`, COLUMNS - 2).replaceAll('\n', '\n  ')}
  Neither is better for all, so nothing is guessed: thin instruments need SnapQuote.
- The real feed shows trades up to 1.5 s late, which these packets do not. In LTP mode it costs more opens and closes.
- A tape of five minutes says little.

## The walk and the tapes

The simulated market's trades come in bursts (habit \`bursts\`, [habits.md](habits.md)). Each tape is next to a day of the
walk that has its trades a second, its dispersion (variance of trades a second by their mean) and its share of trades
that move the price; the empty seconds follow from the form. Instruments of the simulated market have 1.2 to 14 trades a
second, a dispersion of 8 to 64 and 10 to 45 % of moves, by name, and so 12 to 80 % of empty seconds.

| tape / walk | trades a second | dispersion | moves, % | empty seconds, % | most in a second |
| --- | --- | --- | --- | --- | --- |
${table.fits.map(fitRow).join('\n')}

`;
}
