/** What the run costs: CPU of all threads, memory, delay of the main thread's timers. */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Clock } from '../clock.js';
import type { StallMeter } from '../stalls.js';
import type { PerformanceFigures } from '../gates/facts.js';

/** Interval of the measured timer, ms; each reading includes it. */
const RESOLUTION_MS = 10;
/** Least real ms between two samples of memory. In stepped time looks come in every ms, and a sample reads a file. */
const SAMPLE_EVERY_MS = 50;

export class Probe {
  readonly #clock: Clock;
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #sinceMs: number;
  #rss = 0;
  #sampledMs = -Infinity;
  readonly #stalls: StallMeter;

  constructor(clock: Clock, stalls: StallMeter) {
    this.#clock = clock;
    this.#stalls = stalls;
    this.#sinceMs = clock.monoMs();
  }

  /** Starts again: the cost of starting up does not count. */
  start(): void {
    this.#cpu = process.cpuUsage();
    this.#sinceMs = this.#clock.monoMs();
    this.#delay.reset();
    this.#delay.enable();
    this.#stalls.restart();
  }

  /** Samples memory. */
  sample(): void {
    const nowMs = this.#clock.monoMs();
    if (nowMs - this.#sampledMs < SAMPLE_EVERY_MS) return;
    this.#sampledMs = nowMs;
    this.#rss = Math.max(this.#rss, process.memoryUsage.rss());
  }

  figures(): Pick<PerformanceFigures, 'cpuPercent' | 'rssMb' | 'eventLoopDelayP99Ms' | 'longestStallMs'> {
    this.sample();
    const used = process.cpuUsage(this.#cpu);
    const elapsedMs = Math.max(1, this.#clock.monoMs() - this.#sinceMs);
    return {
      cpuPercent: (used.user + used.system) / 10 / elapsedMs,
      rssMb: this.#rss / 1_048_576,
      eventLoopDelayP99Ms: Math.max(0, this.#delay.percentile(99) / 1e6 - RESOLUTION_MS),
      longestStallMs: this.#stalls.longestMs,
    };
  }

  stop(): void {
    this.#delay.disable();
  }
}
