/** Metrics whose samples are read from their source at each scrape. */
import type * as PromClient from 'prom-client';
import { COUNTER, type CounterName } from '../../memory/counters.js';
import { requirePackage } from '../../packages.js';

const { Counter, Gauge, Registry } = requirePackage('prom-client') as typeof PromClient;

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];
/** Called at each scrape. */
export type ReadSamples = () => readonly Sample[];

/** The sample of a metric without labels; none while the value is unknown. */
export function single(value: number | null | undefined): readonly Sample[] {
  return value === null || value === undefined ? [] : [[{}, value]];
}

/** Adds metrics to a registry, in order. */
export class MetricSet {
  readonly registry = new Registry();
  readonly #counters: Float64Array;

  /** `counters`: the run's, in shared memory. */
  constructor(counters: Float64Array) {
    this.#counters = counters;
  }

  counter(name: string, help: string, labelNames: readonly string[], read: ReadSamples): void {
    new Counter(this.#configuration(name, help, labelNames, read));
  }

  gauge(name: string, help: string, labelNames: readonly string[], read: ReadSamples): void {
    new Gauge(this.#configuration(name, help, labelNames, read));
  }

  /** One of the run's counters, divided by `scale`. */
  total(name: string, help: string, of: CounterName, scale = 1): void {
    this.counter(name, help, [], () => [[{}, this.#value(of) / scale]]);
  }

  /** One of the run's counters for each value of a label. */
  totals(name: string, help: string, label: string, of: Readonly<Record<string, CounterName>>): void {
    this.counter(name, help, [label], () =>
      Object.entries(of).map(([value, counter]): Sample => [{ [label]: value }, this.#value(counter)]),
    );
  }

  /**
   * prom-client's own histogram can only be added to, value by value; its registry takes any object that returns its
   * values.
   */
  histogram(name: string, help: string, read: () => readonly object[]): void {
    const get = (): Promise<PromClient.MetricObject> =>
      Promise.resolve({
        name,
        help,
        type: 'histogram',
        aggregator: 'sum',
        values: read(),
      } as unknown as PromClient.MetricObject);
    this.registry.registerMetric({ name, get } as unknown as PromClient.Counter);
  }

  #value(counter: CounterName): number {
    return this.#counters[COUNTER[counter]];
  }

  #configuration(name: string, help: string, labelNames: readonly string[], read: ReadSamples) {
    return {
      name,
      help,
      registers: [this.registry],
      labelNames: [...labelNames],
      // Counters and gauges both start at 0 after reset(), so inc() sets them.
      collect(this: PromClient.Counter | PromClient.Gauge): void {
        this.reset();
        // Without labels a reset leaves a sample of 0, which is no value that was read.
        if (labelNames.length === 0) this.remove();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    };
  }
}
