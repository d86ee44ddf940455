/** @file Between receivers and intake: what is received is in the write-ahead log before it is taken in and acknowledged. */
import { asGentError, type Logger } from '../common';
import { newReadContext, type Span } from '../trace';
import type { Intake } from './intake';
import type { LogLedger } from './log-ledger';
import type { ReceivedBody } from './log-records';
import { decode, decompress } from './otlp-body';
import type { Admission, SpanSink } from './receiver';
import type { WriteAheadLog } from './write-ahead-log';

const RETRY_AFTER_FULL_SECONDS = 5;
const WAIT_FOR_ROOM_MS = 100;

export class LoggedIntake implements SpanSink {
  constructor(
    private readonly intake: Intake,
    private readonly ledger: LogLedger,
    private readonly logger: Logger,
    /** undefined: nothing is logged, and a crash loses what is held. */
    private readonly log: WriteAheadLog | undefined
  ) {}

  admission(): Admission {
    const admission = this.intake.admission();
    return admission.accept && this.log?.full
      ? { accept: false, reason: 'full', retryAfterSeconds: RETRY_AFTER_FULL_SECONDS }
      : admission;
  }

  async accept(spans: readonly Span[], body: ReceivedBody): Promise<void> {
    if (this.log === undefined || spans.length === 0) {
      return this.intake.accept(spans);
    }
    const { number, written } = this.log.append(body);
    this.ledger.begin(number);
    try {
      await written;
      this.intake.accept(spans, number);
    } finally {
      this.ledger.end(number);
    }
  }

  /**
   * Takes in what an earlier process had received and not published.
   * @returns spans taken in
   */
  async replay(): Promise<number> {
    const { log, ledger, intake } = this;
    if (log?.first === undefined) {
      return 0;
    }
    const context = newReadContext();
    let at = log.first;
    let taken = 0;
    ledger.begin(at);
    for await (const { number, body, done } of log.replay()) {
      ledger.begin(number);
      if (number !== at) {
        ledger.end(at);
        at = number;
      }
      while (intake.admission().accept === false && !intake.isClosing) {
        await new Promise((resolve) => setTimeout(resolve, WAIT_FOR_ROOM_MS));
      }
      try {
        const { spans } = decode(body.encoding, await decompress(body.bytes, body.coding), context);
        const left = spans.filter(({ traceId }) => !done(traceId));
        intake.accept(left, number);
        taken += left.length;
      } catch (thrown) {
        this.logger.error('a record of the log cannot be read', { number, problem: asGentError(thrown).message });
      }
    }
    ledger.end(at);
    return taken;
  }

  /** A batch is published or kept elsewhere: the log need not hold it any more. */
  async batchDone(batch: number): Promise<void> {
    const traces = this.ledger.done(batch);
    try {
      await this.log?.done(traces, () => this.ledger.oldest());
    } catch (thrown) {
      this.logger.error('the log could not note a batch as done: a restart would train it again', {
        batch,
        problem: asGentError(thrown).message,
      });
    }
  }
}
