/** Gates of network use, output, conservation, performance, duration. Pure. */
import { progressOf, shortfallOf } from '../publish/figures.js';
import { count } from '../text/count.js';
import { secondsText } from '../text/duration.js';
import { percentText } from '../text/percent.js';
import { PERFORMANCE, performanceBounds } from './bounds.js';
import { applied, type Facts } from './facts.js';
import type { Gate, Judgement } from './gate.js';

function judgeNoRest({ network, interrupted }: Facts): Judgement {
  const expected =
    'the one call is the log-in before the run, except for those of a warm-up, and of a back-fill after it';
  const { restCalls, connections, handshakes, workerConnections } = network;
  const before = restCalls.filter((call) => call.phase === 'log-in' || call.phase === 'warm-up');
  // Only --back-fill enters the phase, when the feed is closed and every shard has ended.
  const after = restCalls.filter((call) => call.phase === 'back-fill' && (call.logIn || call.candles));
  const during = restCalls.filter((call) => !before.includes(call) && !after.includes(call));
  // Only --warm-up enters the phase.
  const polled = before.filter((call) => call.phase === 'warm-up' && call.candles);
  const observed =
    `${count(before.length, 'call')} before the run${polled.length > 0 ? `, ${polled.length} of them for the warm-up` : ''}, ` +
    `${count(during.length, 'call')} during it, ${after.length > 0 ? `${count(after.length, 'call')} after it for the back-fill, ` : ''}${count(handshakes, 'WebSocket handshake')}, ${count(connections.length, 'connection')} in all`;
  const fail = (remedy: string): Judgement => ({ status: 'fail', observed, expected, remedy });
  const inRun = during.find((call) => !call.logIn);
  if (inRun !== undefined)
    return fail(
      `Something called ${inRun.method} ${inRun.host}${inRun.path} during the run: candles that need it cannot replace polled ones.`,
    );
  const unasked = before.find((call) => !call.logIn && !polled.includes(call));
  if (unasked !== undefined)
    return fail(`Something called ${unasked.method} ${unasked.host}${unasked.path} before the run.`);
  if (workerConnections > 0)
    return fail(
      `A worker thread opened ${count(workerConnections, 'connection')}: worker threads must not use the network.`,
    );
  // A call that an interruption cuts off may have opened a second connection.
  const spare = interrupted ? restCalls.length : 0;
  if (connections.length > handshakes + restCalls.length + spare) {
    const ofRun = connections.filter((connection) => connection.phase === 'run');
    const { host, port } = ofRun[0] ?? connections[0];
    return fail(
      `${connections.length - handshakes - restCalls.length} of the connections (${ofRun.length} in the run, ` +
        `e.g. to ${host}:${port}) were neither the feed nor the log-in.`,
    );
  }
  if (before.length - polled.length > 1 || during.length > 0)
    return {
      status: 'warn',
      observed,
      expected,
      remedy:
        'A fresh log-in was needed (tokens refused or expired, or a feed that stayed mute): another program may log in with the same client code.',
    };
  return { status: 'pass', observed, expected };
}

function judgeOutput({ output, finished, symbols, journal }: Facts): Judgement {
  const expected =
    'every file of this run reads back as sealed, the journal is whole, and nothing was written elsewhere';
  const observed =
    `${count(output.files.length, 'file')} in ${output.outDir}, ${output.proven ?? 0} candles read back as sealed` +
    (output.kept > 0 ? `, ${count(output.kept, 'minute')} of an earlier run kept as better` : '') +
    (journal === undefined ? '' : `, ${count(journal.frames, 'frame')} in the journal`);
  const fail = (remedy: string): Judgement => ({ status: 'fail', observed, expected, remedy });
  if (!finished) return { status: 'skip', observed, expected };
  const lacking = journal?.trouble === undefined ? '' : ` ${journal.trouble}`;
  if (output.problems.length > 0) {
    const [first, ...others] = output.problems;
    const again =
      journal === undefined || journal.missing > 0
        ? lacking
        : ` All of it is in the journal: \`tickshard replay ${journal.folder} --out ${output.outDir}\` writes it when the cause is gone.`;
    return fail(`${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}${again}`);
  }
  if (output.strayWrites.length + output.workerStrayWrites > 0)
    return fail(
      `Something wrote outside the folders of the run: ${output.strayWrites[0] ?? `${output.workerStrayWrites} writes by workers`}.`,
    );
  if (output.files.length === 0 && symbols.some(({ whole, partial }) => whole + partial > 0))
    return fail("There are candles and no file holds them: see the log for the disk's error.");
  if (journal?.trouble !== undefined)
    return {
      status: 'fail',
      observed: `${observed}, ${journal.missing} missing there`,
      expected,
      remedy: `The candles are whole, the journal is not.${lacking} Make room, or name another --journal.`,
    };
  if (output.files.length === 0)
    return {
      status: 'warn',
      observed,
      expected,
      remedy: 'Nothing was seen, so there was nothing to write.',
    };
  return { status: 'pass', observed, expected };
}

/** Real ms for which a candle may wait to be published during a run: a server that is started again takes seconds. */
const MAX_BEHIND_MS = 60_000;

function judgePublished({ published, finished }: Facts): Judgement {
  const expected = 'the servers have every candle and revision of this run, once each';
  if (published === undefined) return { status: 'skip', observed: 'not asked for (--publish)', expected };
  const observed = progressOf(published);
  const { waiting, taken, disputed, behindMs, unchecked } = published;
  // A candle of this moment is on its way.
  const isLate = finished ? waiting > 0 : behindMs > MAX_BEHIND_MS;
  const remedy = isLate || taken > 0 || disputed > 0 ? shortfallOf(published) : undefined;
  if (remedy === undefined && finished && unchecked > 0)
    return {
      status: 'warn',
      observed,
      expected,
      remedy: `All was acknowledged, but the servers were gone in the end, so it was not seen that they still have it: \`tickshard replay RUN --publish ...\` looks, and publishes what is missing.`,
    };
  if (remedy === undefined) return { status: 'pass', observed, expected };
  return { status: finished ? 'fail' : 'warn', observed, expected, remedy };
}

/** The conservation equations of docs/gates.md, "Conservation", as text, and those that do not hold. */
function conservation(facts: Facts): { readonly broken: readonly string[]; readonly text: string } {
  const { counters } = facts;
  const { binary, decoded, routed } = counters;
  const refused = counters.refusedLength + counters.refusedMode;
  const unadmitted =
    counters.unadmittedExchange +
    counters.unadmittedToken +
    counters.unadmittedMode +
    counters.unadmittedPrice +
    counters.unadmittedTime +
    counters.unadmittedSequence;
  const { total } = applied(facts);
  const equations: readonly (readonly [text: string, left: number, right: number])[] = [
    [`${binary} received = ${refused} refused + ${decoded} decoded`, binary, refused + decoded],
    [`${decoded} decoded = ${unadmitted} unadmitted + ${routed} routed`, decoded, unadmitted + routed],
    [`${routed} routed = ${total} applied`, routed, total],
  ];
  return {
    broken: equations.filter(([, left, right]) => left !== right).map(([text]) => text),
    text: equations.map(([text]) => text).join('; '),
  };
}

/** A larger share of rejected packets is no stray any more. */
const MAX_REJECTED = 0.02;

function judgeLossless(facts: Facts): Judgement {
  const expected = 'received = refused + decoded, decoded = unadmitted + routed, routed = applied; no poison';
  const { broken, text } = conservation(facts);
  const { poison } = facts.counters;
  if (!facts.finished) return { status: 'skip', observed: text, expected };
  if (broken.length > 0)
    return {
      status: 'fail',
      observed: `does not hold: ${broken.join('; ')}`,
      expected,
      remedy:
        'Packets were lost or counted twice: this is a bug in this program, keep the report and the log.',
    };
  if (poison > 0)
    return {
      status: 'fail',
      observed: `${text}; ${poison} poison`,
      expected,
      remedy:
        'A worker thread died three times at one packet, which was skipped: keep the log, it names the shard and the position.',
    };
  const { unadmittedMode, unadmittedPrice, unadmittedTime, unadmittedSequence, decoded } = facts.counters;
  const rejected = unadmittedMode + unadmittedPrice + unadmittedTime + unadmittedSequence;
  if (rejected > MAX_REJECTED * decoded)
    return {
      status: 'fail',
      observed: `${rejected} of ${decoded} packets rejected: mode ${unadmittedMode}, price ${unadmittedPrice}, time ${unadmittedTime}, sequence ${unadmittedSequence}; ${text}`,
      expected: `${expected}; at most ${percentText(MAX_REJECTED)} rejected`,
      remedy:
        'The candles lack what these packets told, whole minutes too. Above the bound they are no strays: the server has another mode or clock, or numbers one connection by several counters. Keep the journal.',
    };
  return { status: 'pass', observed: text, expected };
}

function judgePerformance({ performance, speed, stepped, finished, symbols }: Facts): Judgement {
  const { cpuPercent, rssMb, eventLoopDelayP99Ms, longestStallMs } = performance;
  const bounds = performanceBounds(symbols.length);
  const expected =
    `at speed 1, ${symbols.length} instruments: CPU <= ${bounds.cpuPercent} % of a core, RSS <= ${bounds.rssMb} MB, ` +
    `event-loop delay p99 <= ${PERFORMANCE.eventLoopDelayP99Ms} ms, no stall over ${secondsText(PERFORMANCE.stallMs)}`;
  if (stepped)
    return {
      status: 'skip',
      observed: 'at speed max the program works as fast as it can',
      expected,
    };
  const observed =
    `CPU ${cpuPercent.toFixed(1)} % of a core, RSS ${rssMb.toFixed(0)} MB, ` +
    `event-loop delay p99 ${eventLoopDelayP99Ms.toFixed(1)} ms, longest stall ${secondsText(longestStallMs, 2)}, at speed ${speed}`;
  if (!finished) return { status: 'skip', observed, expected };
  const over = [
    ...(cpuPercent > bounds.cpuPercent ? ['CPU'] : []),
    ...(rssMb > bounds.rssMb ? ['memory'] : []),
    ...(eventLoopDelayP99Ms > PERFORMANCE.eventLoopDelayP99Ms ? ['event-loop delay'] : []),
  ].join(', ');
  if (over === '' && longestStallMs > PERFORMANCE.stallMs)
    return {
      status: 'warn',
      observed,
      expected,
      remedy: `This process stood still for ${secondsText(longestStallMs)}: it was stopped, its machine slept, or other programs took its CPU; what the feed sent meanwhile came late or is a gap.`,
    };
  if (over === '') return { status: 'pass', observed, expected };
  return speed === 1
    ? {
        status: 'fail',
        observed,
        expected,
        remedy: `Over the bound: ${over}; see what else this machine does, or give the run fewer symbols.`,
      }
    : {
        status: 'warn',
        observed,
        expected,
        remedy: `Over the bound: ${over}; the bounds are meant for speed 1.`,
      };
}

function judgeDuration({ duration, finished, interrupted }: Facts): Judgement {
  const { askedMin, ranMin, recommendedMin: settledMin } = duration;
  const expected = `${count(Number(askedMin.toFixed(1)), 'minute')} of market time and its last whole minute sealed`;
  const observed = `${ranMin.toFixed(1)} minutes`;
  if (!finished) return { status: 'skip', observed, expected };
  if (interrupted) return { status: 'fail', observed, expected, remedy: 'The run was interrupted.' };
  if (ranMin < askedMin)
    return { status: 'fail', observed, expected, remedy: 'The run ended early: see the reason above.' };
  if (askedMin < settledMin)
    return {
      status: 'warn',
      observed,
      expected,
      remedy: `A run of less than ${settledMin} minutes proves little: too few candles.`,
    };
  return { status: 'pass', observed, expected };
}

export const RUN_GATES = [
  { id: 'no-rest', title: () => 'NO REST calls', live: true, judge: judgeNoRest },
  { id: 'output', title: () => 'Output saved', live: false, judge: judgeOutput },
  { id: 'published', title: () => 'Published', live: true, judge: judgePublished },
  { id: 'lossless', title: () => 'Nothing lost', live: false, judge: judgeLossless },
  { id: 'performance', title: () => 'Performance', live: false, judge: judgePerformance },
  { id: 'duration', title: () => 'Ran to its end', live: false, judge: judgeDuration },
] as const satisfies readonly Gate[];
