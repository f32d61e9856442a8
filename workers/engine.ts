/** Thread entry of a library feed's engine. */
import '../src/memory/io-ledger.js';
import { parentPort, workerData } from 'node:worker_threads';
import { runEngine } from '../src/library/engine-thread.js';
import type { EngineTask } from '../src/library/feed-messages.js';

await runEngine(workerData as EngineTask, parentPort!);
