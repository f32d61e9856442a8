/**
 * The gates: each is computed from the facts, none by a person, and any of them can fail the run. Pure. What each one means is
 * docs/semantics.md's "Gates"; the figures that it is held to stand here.
 */
import { PERFORMANCE, type Gate } from './gate.js';
import { named } from '../text/named.js';
import { count } from '../text/count.js';
import { feedGates } from './feed-gates.js';
import { applied, type Facts } from './facts.js';

export type RunVerdict = 'pass' | 'fail' | 'interrupted';

function schemaGate({ schema, historyGiven }: Facts): Gate {
  const expected = 'names, order, types and zone equal those of the existing files';
  if (!historyGiven)
    return {
      id: 'schema',
      status: 'skip',
      observed: 'no --history given, so there is no existing file to compare with',
      expected,
    };
  if (schema === undefined)
    return {
      id: 'schema',
      status: 'skip',
      observed: '--history has no file of these symbols, or no candle was written',
      expected,
    };
  if (schema.length === 0) return { id: 'schema', status: 'pass', observed: 'equal', expected };
  return {
    id: 'schema',
    status: 'fail',
    observed: named(schema),
    expected,
    remedy:
      'Readers that join both files will stumble over this: find out which side is meant before either is used.',
  };
}

function momentumGate({ momentum }: Facts): Gate {
  const expected = 'the rule evaluated on first-sealed candles (dry run: nothing is ever ordered)';
  const { evaluations, failures, differences = [] } = momentum;
  const full = evaluations.filter((evaluation) => evaluation.evaluated).length;
  const signals = evaluations.reduce((sum, evaluation) => sum + evaluation.signals.length, 0);
  const changed =
    differences.length > 0 ? `, ${count(differences.length, 'difference')} on the final candles` : '';
  const observed = `${count(full, 'full evaluation')}, ${count(signals, 'signal')}, ${evaluations.length - full} insufficient${changed}`;
  if (failures.length > 0)
    return {
      id: 'momentum',
      status: 'fail',
      observed,
      expected,
      remedy: `An evaluation broke: ${failures[0]}`,
    };
  if (full > 0) return { id: 'momentum', status: 'pass', observed, expected };
  const remedy =
    'Twenty whole candles are needed before the rule can be evaluated: give --history with earlier candles of the same volume_kind, or in quote and snapquote mode --warm-up.';
  return { id: 'momentum', status: 'warn', observed, expected, remedy };
}

function noRestGate({ network, interrupted }: Facts): Gate {
  const expected = 'the log-in before the run is the one call, beside those of a warm-up';
  const { restCalls, connections, handshakes, workerConnections } = network;
  const before = restCalls.filter((call) => call.phase === 'log-in' || call.phase === 'warm-up');
  const during = restCalls.filter((call) => !before.includes(call));
  // The phase is entered by --warm-up alone.
  const polled = before.filter((call) => call.phase === 'warm-up' && call.candles);
  const strangers = during.filter((call) => !call.logIn);
  const inRun = connections.filter((connection) => connection.phase === 'run').length;
  const observed = `${count(before.length, 'call')} before the run${polled.length > 0 ? `, ${polled.length} of them for the warm-up` : ''}, ${count(during.length, 'call')} during it, ${count(handshakes, 'WebSocket handshake')}, ${count(connections.length, 'connection')} in all`;
  const fail = (remedy: string): Gate => ({ id: 'no-rest', status: 'fail', observed, expected, remedy });
  if (strangers.length > 0)
    return fail(
      `Something called ${strangers[0].method} ${strangers[0].host}${strangers[0].path} during the run: candles that need it cannot replace polled ones.`,
    );
  const unasked = before.filter((call) => !call.logIn && !polled.includes(call));
  if (unasked.length > 0)
    return fail(`Something called ${unasked[0].method} ${unasked[0].host}${unasked[0].path} before the run.`);
  if (workerConnections > 0)
    return fail(
      `A worker thread opened ${count(workerConnections, 'connection')}: workers have no business on the network.`,
    );
  // A call that is cut off by an interruption may have opened a spare connection.
  const spare = interrupted ? restCalls.length : 0;
  if (connections.length > handshakes + restCalls.length + spare) {
    const stranger = connections.find((connection) => connection.phase === 'run') ?? connections[0];
    return fail(
      `${connections.length - handshakes - restCalls.length} of the connections (${inRun} in the run, e.g. to ${stranger.host}:${stranger.port}) were neither the feed nor the log-in.`,
    );
  }
  if (before.length - polled.length > 1 || during.length > 0) {
    return {
      id: 'no-rest',
      status: 'warn',
      observed,
      expected,
      remedy:
        'A fresh log-in was needed (tokens refused or expired, or a feed that stayed mute): another program may log in with the same client code.',
    };
  }
  return { id: 'no-rest', status: 'pass', observed, expected };
}

function outputGate({ output, finished, symbols, journal }: Facts): Gate {
  const expected = 'every file of this run reads back as sealed, and nothing was written elsewhere';
  const observed = `${count(output.files.length, 'file')} in ${output.outDir}, ${output.proven ?? 0} candles read back as sealed${output.kept > 0 ? `, ${count(output.kept, 'minute')} of an earlier run kept as better` : ''}${journal === undefined ? '' : `, ${count(journal.frames, 'frame')} in the journal`}`;
  const fail = (remedy: string): Gate => ({ id: 'output', status: 'fail', observed, expected, remedy });
  if (!finished) return { id: 'output', status: 'skip', observed, expected };
  if (output.problems.length > 0) {
    const again =
      journal === undefined || journal.missing > 0
        ? ''
        : ` All of it is in the journal: \`tickshard replay ${journal.folder} --out ${output.outDir}\` writes it when the cause is gone.`;
    return fail(
      `${output.problems[0]}${output.problems.length > 1 ? ` (and ${output.problems.length - 1} more)` : ''}${again}`,
    );
  }
  if (output.strayWrites.length + output.workerStrayWrites > 0) {
    return fail(
      `Something wrote outside the folders of the run: ${output.strayWrites[0] ?? `${output.workerStrayWrites} writes by workers`}.`,
    );
  }
  if (output.files.length === 0 && symbols.some(({ whole, partial }) => whole + partial > 0))
    return fail('There are candles and no file holds them: see the log for what the disk said.');
  if (output.files.length === 0)
    return {
      id: 'output',
      status: 'warn',
      observed,
      expected,
      remedy: 'Nothing was seen, so there was nothing to write.',
    };
  if (journal?.trouble !== undefined)
    return {
      id: 'output',
      status: 'warn',
      observed: `${observed}, ${journal.missing} missing there`,
      expected,
      remedy: `The candles are whole, the journal is not. ${journal.trouble}`,
    };
  return { id: 'output', status: 'pass', observed, expected };
}

/** The equations of conservation (docs/semantics.md), those that do not hold as text. */
export function conservation(facts: Facts): { readonly broken: readonly string[]; readonly text: string } {
  const c = facts.counters;
  const refused = c.refusedLength + c.refusedMode;
  const unadmitted =
    c.unadmittedExchange + c.unadmittedToken + c.unadmittedMode + c.unadmittedPrice + c.unadmittedTime;
  const sums = applied(facts);
  const equations: [string, number, number][] = [
    [`${c.binary} received = ${refused} refused + ${c.decoded} decoded`, c.binary, refused + c.decoded],
    [
      `${c.decoded} decoded = ${unadmitted} unadmitted + ${c.routed} routed`,
      c.decoded,
      unadmitted + c.routed,
    ],
    [`${c.routed} routed = ${sums.total} applied`, c.routed, sums.total],
  ];
  return {
    broken: equations.filter(([, left, right]) => left !== right).map(([text]) => text),
    text: equations.map(([text]) => text).join('; '),
  };
}

function losslessGate(facts: Facts): Gate {
  const expected = 'received = refused + decoded, decoded = unadmitted + routed, routed = applied; no poison';
  const { broken, text } = conservation(facts);
  if (!facts.finished) return { id: 'lossless', status: 'skip', observed: text, expected };
  if (broken.length > 0)
    return {
      id: 'lossless',
      status: 'fail',
      observed: `not so: ${broken.join('; ')}`,
      expected,
      remedy:
        'Packets were lost or counted twice inside this program: that is a fault of ours, keep the report and the log.',
    };
  if (facts.counters.poison > 0)
    return {
      id: 'lossless',
      status: 'fail',
      observed: `${text}; ${facts.counters.poison} poison`,
      expected,
      remedy:
        'A worker died three times at one packet, which was skipped: keep the log, it names the shard and the place.',
    };
  return { id: 'lossless', status: 'pass', observed: text, expected };
}

function performanceGate({ performance, speed, finished }: Facts): Gate {
  const { cpuPercent, rssMb, eventLoopDelayP99Ms } = performance;
  const expected = `at speed 1: CPU <= ${PERFORMANCE.cpuPercent} % of a core, RSS <= ${PERFORMANCE.rssMb} MB, event-loop delay p99 <= ${PERFORMANCE.eventLoopDelayP99Ms} ms`;
  const observed = `CPU ${cpuPercent.toFixed(1)} % of a core, RSS ${rssMb.toFixed(0)} MB, event-loop delay p99 ${eventLoopDelayP99Ms.toFixed(1)} ms, at speed ${speed}`;
  if (!finished) return { id: 'performance', status: 'skip', observed, expected };
  const over = [
    cpuPercent > PERFORMANCE.cpuPercent ? 'CPU' : '',
    rssMb > PERFORMANCE.rssMb ? 'memory' : '',
    eventLoopDelayP99Ms > PERFORMANCE.eventLoopDelayP99Ms ? 'event-loop delay' : '',
  ].filter((what) => what !== '');
  if (over.length === 0) return { id: 'performance', status: 'pass', observed, expected };
  if (speed !== 1)
    return {
      id: 'performance',
      status: 'warn',
      observed,
      expected,
      remedy: `Over the bound: ${over.join(', ')}; the bounds are meant for speed 1.`,
    };
  return {
    id: 'performance',
    status: 'fail',
    observed,
    expected,
    remedy: `Over the bound: ${over.join(', ')}; see what else this machine does, or give the run fewer symbols.`,
  };
}

function durationGate({ duration, finished, interrupted }: Facts): Gate {
  const { askedMin, ranMin, settledMin } = duration;
  const expected = `${count(Number(askedMin.toFixed(1)), 'minute')} of market time and its last whole minute sealed`;
  const observed = `${ranMin.toFixed(1)} minutes`;
  if (!finished) return { id: 'duration', status: 'skip', observed, expected };
  if (interrupted || ranMin < askedMin)
    return {
      id: 'duration',
      status: 'fail',
      observed,
      expected,
      remedy: interrupted ? 'The run was interrupted.' : 'The run ended early: see the reason above.',
    };
  if (askedMin < settledMin)
    return {
      id: 'duration',
      status: 'warn',
      observed,
      expected,
      remedy: `A run of less than ${settledMin} minutes proves little: too few candles.`,
    };
  return { id: 'duration', status: 'pass', observed, expected };
}

/** All gates, in the order of the report. */
export function gates(facts: Facts): Gate[] {
  return [
    ...feedGates(facts),
    schemaGate(facts),
    momentumGate(facts),
    noRestGate(facts),
    outputGate(facts),
    losslessGate(facts),
    performanceGate(facts),
    durationGate(facts),
  ];
}

/** `interrupted` before `fail`: what a stopped run did not reach says nothing. */
export function verdictOf(facts: Facts, all: readonly Gate[]): RunVerdict {
  if (facts.interrupted) return 'interrupted';
  return all.some(({ status }) => status === 'fail') ? 'fail' : 'pass';
}
