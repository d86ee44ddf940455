/** @file From received spans to closed batches: assembly, the open batch, and refusing while training is behind. */
import { limit, type Logger } from '../common';
import { newAnomalies, TraceAssembler, type AttributeRules, type Span, type Trace } from '../trace';
import { BatchBuilder, type ClosedBatch, type ClosedBy } from './batch';
import type { TrainerConfig } from './config';
import type { TrainerMetrics } from './metrics';
import type { LogLedger } from './log-ledger';
import type { Admission } from './receiver';

/** How often idle traces and old batches are looked for. */
const TICK_MS = 250;
const RETRY_AFTER_FULL_SECONDS = 5;
const RETRY_AFTER_CLOSING_SECONDS = 10;

/** Takes closed batches. */
export interface BatchQueue {
  /** Batches that wait; the one in training not counted. */
  readonly length: number;
  readonly bytes: number;
  add(batch: ClosedBatch): void;
}

export interface IntakeOptions {
  readonly config: TrainerConfig;
  readonly queue: BatchQueue;
  readonly metrics: TrainerMetrics;
  readonly logger: Logger;
  readonly ledger: LogLedger;
  /** Applied to each trace before it is kept in a batch. */
  readonly rules: AttributeRules;
  /** Called when a batch was closed. */
  readonly onBatchClosed?: () => void;
}

/**
 * Assembles traces and batches them. A batch that is due stays open while the queue is full, and once it is over its
 * count new spans are refused, so that nothing taken is ever dropped.
 */
export class Intake {
  private readonly anomalies = newAnomalies();
  private readonly assembler: TraceAssembler;
  private batch: BatchBuilder | undefined;
  private lastTraceAt = 0;
  private nextBatch = 1;
  private closing = false;
  private timer: NodeJS.Timeout | undefined;
  private closingBatches: Promise<void> = Promise.resolve();
  private batchesBeingClosed = 0;
  receivedSpans = 0;

  constructor(private readonly options: IntakeOptions) {
    this.assembler = new TraceAssembler({
      now: () => performance.now(),
      idle: options.config.idleMs,
      anomalies: this.anomalies,
    });
  }

  start(): void {
    this.timer = setInterval(() => this.tick(), TICK_MS);
    // What listens keeps the process; a trainer that could not listen does not.
    this.timer.unref();
  }

  get held() {
    return {
      openTraces: this.assembler.traces,
      openSpans: this.assembler.spans,
      batchTraces: this.batch?.traces ?? 0,
      batchSpans: this.batch?.spans ?? 0,
      heldBytes: this.assembler.bytes + (this.batch?.bytes ?? 0) + this.options.queue.bytes,
    };
  }

  admission(): Admission {
    if (this.closing) {
      return { accept: false, reason: 'closing', retryAfterSeconds: RETRY_AFTER_CLOSING_SECONDS };
    }
    const { config } = this.options;
    const batchFull =
      this.batch !== undefined &&
      (this.batch.traces >= config.batchTraces || this.batch.spans >= limit('TRAINER_BATCH_SPANS'));
    if ((batchFull && this.queueFull()) || this.held.heldBytes > limit('TRAINER_HELD_BYTES')) {
      return { accept: false, reason: 'full', retryAfterSeconds: RETRY_AFTER_FULL_SECONDS };
    }
    return { accept: true };
  }

  /** No more spans are taken: the trainer is shutting down. */
  get isClosing(): boolean {
    return this.closing;
  }

  /** Takes spans in. @param record - number of the record of the log that holds them, where there is a log */
  accept(spans: readonly Span[], record?: number): void {
    const before = { early: this.anomalies.tracesClosedEarly, late: this.anomalies.lateTraces };
    this.receivedSpans += spans.length;
    const { ledger } = this.options;
    if (record !== undefined) {
      spans.forEach(({ traceId }) => ledger.came(traceId, record));
    }
    const closed = this.assembler.add(spans);
    this.keep(closed);
    if (record !== undefined) {
      // Closed by a limit while more of its spans were in the same record.
      closed
        .filter(({ traceId }) => this.assembler.has(traceId))
        .forEach(({ traceId }) => ledger.came(traceId, record));
    }
    this.options.metrics.tracesClosedEarly.inc(this.anomalies.tracesClosedEarly - before.early);
    this.options.metrics.lateTraces.inc(this.anomalies.lateTraces - before.late);
  }

  /** Closes everything that is held. New spans are refused from now on. */
  async stop(): Promise<void> {
    this.closing = true;
    clearInterval(this.timer);
    this.keep(this.assembler.flush());
    this.closeBatch('shutdown');
    await this.closingBatches;
  }

  private queueFull(): boolean {
    return this.options.queue.length + this.batchesBeingClosed >= this.options.config.queue;
  }

  private tick(): void {
    this.keep(this.assembler.takeIdle());
    const due = this.due();
    if (due !== undefined && !this.queueFull()) {
      this.closeBatch(due);
    }
  }

  private due(): ClosedBy | undefined {
    const { config } = this.options;
    const now = performance.now();
    if (this.batch === undefined) {
      return undefined;
    }
    if (this.batch.traces >= config.batchTraces) {
      return 'count';
    }
    if (this.batch.spans >= limit('TRAINER_BATCH_SPANS')) {
      return 'spans';
    }
    if (now - this.batch.firstAt >= config.batchAgeMs) {
      return 'age';
    }
    return config.batchQuietMs > 0 && now - this.lastTraceAt >= config.batchQuietMs ? 'quiet' : undefined;
  }

  private keep(traces: readonly Trace[]): void {
    this.options.metrics.traces.inc(traces.length);
    for (const trace of traces) {
      const now = performance.now();
      this.batch ??= new BatchBuilder(this.nextBatch++, now);
      this.batch.add(this.options.rules.apply(trace));
      this.options.ledger.closed(trace.traceId, this.batch.id);
      this.lastTraceAt = now;
      const due = this.due();
      if ((due === 'count' || due === 'spans') && (!this.queueFull() || this.closing)) {
        this.closeBatch(due);
      }
    }
  }

  private closeBatch(closedBy: ClosedBy): void {
    const { batch } = this;
    if (batch === undefined) {
      return;
    }
    this.batch = undefined;
    this.batchesBeingClosed++;
    const { queue, metrics, logger, onBatchClosed } = this.options;
    const closed = batch.close(closedBy).then((ready) => {
      this.batchesBeingClosed--;
      metrics.batches.inc({ closed_by: closedBy });
      logger.info('batch closed', { batch: ready.id, by: closedBy, traces: ready.traces, spans: ready.spans });
      queue.add(ready);
      onBatchClosed?.();
    });
    this.closingBatches = Promise.all([this.closingBatches, closed]).then(() => undefined);
  }
}
