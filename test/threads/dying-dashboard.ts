/** The dashboard's thread, which dies when the test's counter says so. */
import '../../src/memory/io-ledger.js';
import { COUNTER } from '../../src/memory/counters.js';
import dashboard from '../../workers/dashboard.js';
import type { DashboardTask } from '../../src/threads/dashboard-messages.js';

export default async function run(task: DashboardTask): Promise<void> {
  task.port.on('message', () => {
    if (task.counters[COUNTER.held] <= 0) return;
    task.counters[COUNTER.held]--;
    process.exit(1);
  });
  await dashboard(task);
}
