/** Thread entry of the dashboard: page and metrics. */
import '../src/memory/io-ledger.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { Dashboard } from '../src/threads/dashboard.js';
import type { DashboardTask } from '../src/threads/dashboard-messages.js';

/** Until the main thread says stop. */
export default function run(task: DashboardTask): Promise<void> {
  watch([], new Int32Array(task.ledger, 0, LEDGER.words));
  return new Dashboard(task).run();
}
