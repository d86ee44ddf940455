/** @file The trainer's metrics, in Prometheus' text format. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Read when metrics are scraped. */
export interface HeldNow {
  readonly openTraces: number;
  readonly openSpans: number;
  readonly batchTraces: number;
  readonly batchSpans: number;
  readonly queuedBatches: number;
  readonly heldBytes: number;
  readonly training: boolean;
}

export class TrainerMetrics {
  readonly registry = new Registry();
  readonly requests: Counter<'receiver' | 'encoding' | 'status'>;
  readonly bytes: Counter<'receiver'>;
  readonly spans: Counter<'receiver'>;
  readonly rejectedSpans: Counter<'receiver'>;
  readonly traces: Counter;
  readonly tracesClosedEarly: Counter;
  readonly lateTraces: Counter;
  readonly batches: Counter<'closed_by'>;
  readonly trainings: Counter<'outcome'>;
  readonly rolling: Counter<'outcome'>;
  readonly trainingSeconds: Histogram;
  readonly modelBytes: Gauge;
  readonly publishedBytes: Counter;

  constructor(held: () => HeldNow) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Counter<L>({ name: `gent_trainer_${name}`, help, labelNames, registers });
    this.requests = counter('requests_total', 'Requests by HTTP status', ['receiver', 'encoding', 'status']);
    this.bytes = counter('received_bytes_total', 'Bytes of requests taken, as sent', ['receiver']);
    this.spans = counter('received_spans_total', 'Spans taken', ['receiver']);
    this.rejectedSpans = counter('rejected_spans_total', 'Spans left out because their ids are not valid', [
      'receiver',
    ]);
    this.traces = counter('traces_total', 'Traces closed');
    this.tracesClosedEarly = counter('traces_closed_early_total', 'Traces closed by a limit before they were idle');
    this.lateTraces = counter('late_traces_total', 'Traces that got spans after they had been closed');
    this.batches = counter('batches_total', 'Batches closed', ['closed_by']);
    this.trainings = counter('trainings_total', 'Trainings ended', ['outcome']);
    this.rolling = counter(
      'rolling_trainings_total',
      'Models of a rolling trainer, by whether training went on from the last model or began anew',
      ['outcome']
    );
    this.publishedBytes = counter('published_bytes_total', 'Bytes of models published');
    this.trainingSeconds = new Histogram({
      name: 'gent_trainer_training_seconds',
      help: 'Wall time of a training',
      buckets: [1, 2, 5, 10, 20, 30, 60, 120, 300, 600],
      registers,
    });
    this.modelBytes = new Gauge({ name: 'gent_trainer_model_bytes', help: 'Bytes of the last model', registers });
    const gauge = (name: string, help: string, read: (now: HeldNow) => number) =>
      new Gauge({
        name: `gent_trainer_${name}`,
        help,
        registers,
        collect() {
          this.set(read(held()));
        },
      });
    gauge('open_traces', 'Traces under assembly', (now) => now.openTraces);
    gauge('open_spans', 'Spans under assembly', (now) => now.openSpans);
    gauge('batch_traces', 'Traces in the open batch', (now) => now.batchTraces);
    gauge('batch_spans', 'Spans in the open batch', (now) => now.batchSpans);
    gauge('queued_batches', 'Closed batches waiting for training', (now) => now.queuedBatches);
    gauge('held_bytes', 'Bytes held for assembly and batches', (now) => now.heldBytes);
    gauge('training', '1 while a model is trained', (now) => Number(now.training));
  }
}
