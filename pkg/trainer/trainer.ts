/** @file The trainer: receivers → intake → training queue → store, on one HTTP server with health and metrics. */
import { GentError, silentLogger, type Logger } from '../common';
import { openStore, type ModelStore, type StoredModel } from '../store';
import { attributeRules } from './attribute-rules';
import { besideStore, parseListen, type TrainerConfig } from './config';
import { Intake } from './intake';
import { LogLedger } from './log-ledger';
import { LoggedIntake } from './logged-intake';
import { TrainerMetrics } from './metrics';
import { OtlpGrpcReceiver } from './otlp-grpc';
import { OtlpHttpReceiver } from './otlp-http';
import type { Receiver } from './receiver';
import { statusHtml, statusText, type TrainerStatus } from './status-page';
import { TrainingQueue } from './training-queue';
import { WriteAheadLog } from './write-ahead-log';

export interface TrainerOptions {
  readonly config: TrainerConfig;
  readonly logger?: Logger;
  readonly onPublished?: (model: StoredModel) => void;
}

/** A running trainer. */
export class Trainer {
  readonly metrics: TrainerMetrics;
  private readonly queue: TrainingQueue;
  private readonly intake: Intake;
  private readonly sink: LoggedIntake;
  private readonly otlp: OtlpHttpReceiver;
  private readonly grpc: OtlpGrpcReceiver | undefined;
  /** Every way in. Each is given the intake as its sink. */
  private readonly receivers: readonly Receiver[];
  private stopping: Promise<void> | undefined;
  /** Where it listens, such as http://127.0.0.1:4318. */
  address = '';
  /** Where OTLP/gRPC is received; '' where it is not. */
  grpcAddress = '';

  private constructor(
    private readonly config: TrainerConfig,
    private readonly store: ModelStore,
    private readonly logger: Logger,
    private readonly log: WriteAheadLog | undefined,
    onPublished: ((model: StoredModel) => void) | undefined
  ) {
    this.metrics = new TrainerMetrics(() => this.heldNow());
    this.queue = new TrainingQueue({
      config,
      store,
      metrics: this.metrics,
      logger,
      onDone: (batch) => this.sink.batchDone(batch),
      ...(onPublished === undefined ? {} : { onPublished }),
    });
    const ledger = new LogLedger();
    this.intake = new Intake({
      config,
      queue: this.queue,
      metrics: this.metrics,
      logger,
      ledger,
      rules: attributeRules(config),
      onBatchClosed: () => {
        this.otlp.forgetInterned();
        this.grpc?.forgetInterned();
      },
    });
    this.sink = new LoggedIntake(this.intake, ledger, logger, log);
    const { host, port } = parseListen(config.listen, 'listen');
    this.otlp = new OtlpHttpReceiver({ host, port, sink: this.sink, metrics: this.metrics, logger });
    if (config.listenGrpc !== '') {
      const at = parseListen(config.listenGrpc, 'listen-grpc');
      this.grpc = new OtlpGrpcReceiver({ ...at, sink: this.sink, metrics: this.metrics, logger });
    }
    this.receivers = [this.otlp, ...(this.grpc === undefined ? [] : [this.grpc])];
    this.routes();
  }

  /**
   * Opens the store, takes in what the log holds, and begins to receive.
   * @throws GentError STORE_*, TRAINER_LOG, TRAINER_LISTEN
   */
  static async start({ config, logger = silentLogger, onPublished }: TrainerOptions): Promise<Trainer> {
    const store = await openStore(config.store, { create: true, logger: { ...logger, info: logger.debug } });
    const log =
      config.wal === 'off' ? undefined : await WriteAheadLog.open(besideStore(config, config.wal, '.wal'), logger);
    const trainer = new Trainer(config, store, logger, log, onPublished);
    trainer.intake.start();
    const replayed = await trainer.sink.replay();
    if (replayed > 0) {
      logger.info('taken in from the log', { spans: replayed });
    }
    for (const receiver of trainer.receivers) {
      try {
        const address = await receiver.start();
        trainer.address ||= address;
        trainer.grpcAddress = receiver === trainer.grpc ? address : '';
        logger.info('receiving', { receiver: receiver.name, address });
      } catch (error) {
        await trainer.close();
        throw new GentError('TRAINER_LISTEN', `${receiver.name}: ${(error as Error).message}`, {
          cause: error,
        });
      }
    }
    return trainer;
  }

  status(): TrainerStatus {
    return {
      state: this.stopping === undefined ? 'receiving' : 'draining',
      address: this.address,
      config: this.config,
      held: this.heldNow(),
      training: this.queue.now,
      published: this.queue.published,
      failed: this.queue.failed,
      lastModel: this.queue.last,
      began: this.queue.began,
      receivedSpans: this.intake.receivedSpans,
    };
  }

  /**
   * Stops: new spans are refused with 503, what is held is trained and published, then the server closes.
   * Health and metrics answer until the end.
   */
  stop(): Promise<void> {
    this.stopping ??= this.drain();
    return this.stopping;
  }

  /** Gives up the training under way; its batch is written aside. Call after {@link stop}. */
  abort(): void {
    this.queue.cancel();
  }

  private async drain(): Promise<void> {
    await this.intake.stop();
    await this.queue.idle();
    await this.close();
    this.logger.info('trainer stopped', { published: this.queue.published, failed: this.queue.failed });
  }

  private async close(): Promise<void> {
    await Promise.all(this.receivers.map((receiver) => receiver.stop()));
    await this.log?.close();
    await this.store.close();
  }

  private heldNow() {
    return { ...this.intake.held, queuedBatches: this.queue.length, training: this.queue.now !== undefined };
  }

  private routes(): void {
    const { server } = this.otlp;
    server.get('/metrics', async (_request, reply) =>
      reply.header('content-type', this.metrics.registry.contentType).send(await this.metrics.registry.metrics())
    );
    server.get('/healthz', async (_request, reply) => {
      const draining = this.stopping !== undefined;
      return reply.code(draining ? 503 : 200).send({ status: draining ? 'draining' : 'ok' });
    });
    server.get('/', async (request, reply) => {
      const html = (request.headers.accept ?? '').includes('text/html');
      const body = html ? statusHtml(this.status()) : statusText(this.status());
      return reply.header('content-type', html ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8').send(body);
    });
    server.setNotFoundHandler(async (request, reply) =>
      reply.code(404).send({ code: 5, message: `there is nothing at ${request.method} ${request.url.slice(0, 200)}` })
    );
  }
}
