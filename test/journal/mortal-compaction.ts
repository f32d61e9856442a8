/** FOLDER SEGMENT STEP COUNT: compacts a segment and kills itself at the COUNTth time that STEP is over. */
import { compactSegment } from '../../src/journal/compact.js';

const [folder, segment, mortal, times] = process.argv.slice(2);
let left = Number(times);
await compactSegment(folder, Number(segment), (step) => {
  if (step === mortal && --left === 0) process.kill(process.pid, 'SIGKILL');
});
