/** What a run received: frames by instrument, and how late they came. Usage: node journal.js data/test/journal/RUN */
import { readJournal } from 'tickshard/journal';
import { decode, rupees } from 'tickshard/wire';

interface Seen {
  frames: number;
  latest: number;
  lagMs: number[];
}

const [, , folder = ''] = process.argv;
const seen = new Map<string, Seen>();
let refused = 0;

for await (const { bytes, marketMs } of readJournal(folder)) {
  const frame = decode(bytes);
  if ('refused' in frame) {
    refused++;
    continue;
  }
  const one = seen.get(frame.token) ?? { frames: 0, latest: 0, lagMs: [] };
  seen.set(frame.token, one);
  one.frames++;
  one.latest = rupees(frame.exchangeType, frame.price);
  one.lagMs.push(marketMs - Number(frame.exchangeMs));
}

for (const [token, { frames, latest, lagMs }] of seen) {
  const median = lagMs.sort((a, b) => a - b)[Math.floor(lagMs.length / 2)];
  console.log(`token ${token}: ${frames} frames, last price ${latest}, median lag ${Math.round(median)} ms`);
}
console.log(`${refused} messages were no frames`);
