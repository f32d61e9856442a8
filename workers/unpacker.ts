/** Thread entry of a reader of compacted journals. */
import '../src/memory/io-ledger.js';
import { parentPort } from 'node:worker_threads';
import { Unpacker } from '../src/journal/unpacker.js';

new Unpacker(parentPort!).run();
