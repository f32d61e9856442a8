/** Options and output of `tickshard compare`. */
import { defineCommand } from '../../cli/command.js';
import { remoteFeed } from '../../cli/config.js';
import type { ValuesOf } from '../../cli/options/table.js';
import { SystemClock } from '../../clock.js';
import { tickSizes } from '../../run/universe.js';
import { compare, type CompareOptions } from './compare.js';

type CompareArguments = Omit<CompareOptions, 'tickSizes'>;

/** `--reference`, or `--fetch` and its options. One of them is given. */
function referenceOf(values: ValuesOf<'compare'>): CompareArguments['reference'] {
  const { reference, fetch, feed, ca, instruments, tape } = values;
  if (!fetch) return reference!;
  return { feed: feed === 'sim' ? { kind: 'sim', tape } : remoteFeed(feed, ca), instruments };
}

export const command = defineCommand<'compare', CompareArguments>({
  about:
    'Per symbol and field: exact, within one tick, different, missing on a side, partial. Each difference has one cause; what nothing explains fails beyond --unexplained, and so does a minute that is missing in ours. A number of ticks is no traded quantity: such volumes are left out, and are never called equal.',
  exitCodes: {
    0: 'the candles agree within what the feed leaves open',
    1: 'they do not or not all of it could be compared',
    2: 'usage, or a file that cannot be read',
    3: "the broker's candles could not be had",
  },
  example: 'tickshard compare --ours data/test/websocket_candles --fetch --html day.html',
  check: (values, { columns }) => {
    const { ours, symbols, timeframe, date, unexplainedPercent, report, html, json } = values;
    const reference = referenceOf(values);
    return { ours, reference, symbols, timeframe, date, unexplainedPercent, report, html, json, columns };
  },
  run: async (options) =>
    compare(
      { ...options, tickSizes: (exchanges) => tickSizes(new SystemClock().wallMs(), exchanges) },
      (text) => void process.stdout.write(`${text}\n`),
      (sentence) => void process.stderr.write(`${sentence}\n`),
    ),
  printsOnly: ({ report, html }) => report === undefined && html === undefined,
});
