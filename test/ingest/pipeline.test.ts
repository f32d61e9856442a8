/** The line behind a pause of our own. */
import { expect, it } from 'vitest';
import { at, engineOf, INSTRUMENTS, instrumentsOf } from '../shard/drive.js';
import { Intake } from '../../src/ingest/intake.js';
import { messagesOf } from '../messages.js';
import { Pipeline } from '../../src/ingest/pipeline.js';
import { Agenda } from '../simulation/agenda.js';

it('what is read before any timer fired behind a pause is known to have waited', () => {
  const clock = new Agenda(at('11:00'));
  const engine = engineOf(1, 1);
  const excused: number[] = [];
  class Watched extends Intake {
    override resetSilence(marketMs: number): void {
      excused.push(marketMs);
    }
  }
  const intake = new Watched({ engine, instruments: instrumentsOf(INSTRUMENTS) });
  const line = new Pipeline({
    engine,
    intake,
    clock,
    journal: undefined,
    socket: { pause: () => undefined, resume: () => undefined },
    redact: () => undefined,
  });
  line.subscribed(1);
  line.start();
  clock.stall(200);
  line.binary(messagesOf([new Uint8Array(51)]), 1);
  expect(excused).toEqual([]);
  clock.stall(4000);
  line.binary(messagesOf([new Uint8Array(51)]), 2);
  line.binary(messagesOf([new Uint8Array(51)]), 2);
  expect(excused).toEqual([clock.marketMs()]);
});
