/** Event-loop delay, CPU, memory. */
import type { DashboardState } from '../state.js';
import { single, type MetricSet } from './metric-set.js';

const US_PER_SECOND = 1e6;

export function processMetrics(set: MetricSet, state: () => DashboardState | undefined): void {
  set.gauge(
    'tickshard_event_loop_delay_seconds',
    "Delay of the main thread's timers since the feed opened.",
    ['percentile'],
    () => {
      const delayMs = state()?.now.loopP99Ms;
      return delayMs === undefined ? [] : [[{ percentile: '99' }, delayMs / 1000]];
    },
  );
  set.counter('process_cpu_seconds_total', 'CPU time of the process, all threads.', [], () => {
    const { user, system } = process.cpuUsage();
    return single((user + system) / US_PER_SECOND);
  });
  set.gauge('process_resident_memory_bytes', 'Resident memory of the process.', [], () =>
    single(process.memoryUsage.rss()),
  );
}
