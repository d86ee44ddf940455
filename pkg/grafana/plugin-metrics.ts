/** @file What the plugin counts about itself, in Prometheus form; Grafana shows it at /metrics/plugins/<id>. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { asGentError } from '../common';

/** The gRPC calls that are counted. */
export type Endpoint = 'queryData' | 'query' | 'callResource' | 'checkHealth' | 'runStream';

/** Counters and timings of one plugin process. */
export class PluginMetrics {
  private readonly registry = new Registry();
  private readonly requests: Counter<'endpoint' | 'code'>;
  private readonly seconds: Histogram<'endpoint'>;

  /** @param instances - number of data sources held open, read when metrics are collected */
  constructor(instances: () => number) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Counter({
      name: 'gent_plugin_requests_total',
      help: 'Requests answered, by endpoint and by error code (OK when there was none).',
      labelNames: ['endpoint', 'code'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'gent_plugin_request_duration_seconds',
      help: 'Time to answer a request, by endpoint.',
      labelNames: ['endpoint'],
      buckets: [0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10, 30],
      registers,
    });
    new Gauge({
      name: 'gent_plugin_instances',
      help: 'Data sources held open.',
      registers,
      collect() {
        this.set(instances());
      },
    });
  }

  /** Runs and counts one request. */
  async observe<T>(endpoint: Endpoint, work: () => Promise<T>): Promise<T> {
    const stop = this.seconds.startTimer({ endpoint });
    try {
      const result = await work();
      this.requests.inc({ endpoint, code: 'OK' });
      return result;
    } catch (error) {
      this.requests.inc({ endpoint, code: asGentError(error).code });
      throw error;
    } finally {
      stop();
    }
  }

  /** All metrics as Prometheus text. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}
