/** @file The orders topic: the producer's span, and consumers that join the trace or link to it. */
import { SpanKind, type SpanLink } from '../../trace';
import type { Step } from '../kernel';
import type { OpenSpan } from '../recorder';
import { external } from './dependencies';
import { recordException } from './calls';
import { CallError, MILLISECOND, SECOND, type Context, type World } from './world';

const PARTITIONS = 3;
const BATCH_AT_MOST = 12;
const TOPIC = 'orders';

interface Message {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly bytes: number;
  readonly producer: OpenSpan;
}

/** The attributes that both names of the messaging system are under while the convention moves. */
const KAFKA = { 'messaging.system': 'kafka', 'messaging.system.name': 'kafka' };

/** A Kafka topic with two consumer groups: shipping works in the order's trace, notifications in traces of its own. */
export class OrdersTopic {
  private readonly offsets = Array.from({ length: PARTITIONS }, () => 0);
  private unread: Message[] = [];

  constructor(private readonly world: World) {
    for (let i = 0; i < PARTITIONS; i++) {
      this.offsets[i] = 40_000 + world.random.below(20_000);
    }
  }

  /** Publishes an order: a producer span; shipping then processes the message as part of the trace. */
  *publish(context: Context, orderId: string): Step<void> {
    const { world } = this;
    const partition = world.random.below(PARTITIONS);
    const offset = (this.offsets[partition] as number)++;
    const bytes = 420 + world.random.below(900);
    const producer = context.span.trace.begin({
      name: `send ${TOPIC}`,
      kind: SpanKind.Producer,
      resource: context.pod.resource,
      scope: context.pod.scope('kafka'),
      parent: context.span,
      attributes: {
        ...KAFKA,
        'messaging.destination.name': TOPIC,
        'messaging.destination.partition.id': String(partition),
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.client.id': 'checkout-producer',
        'messaging.kafka.message.key': orderId,
        'messaging.message.body.size': BigInt(bytes),
        'server.address': 'kafka',
        'server.port': 9092n,
      },
    });
    yield* world.kernel.delay(world.random.lognormal(3.5 * MILLISECOND, 0.6));
    producer.set({ 'kafka.offset': BigInt(offset) });
    producer.end();
    const message: Message = { partition, offset, key: orderId, bytes, producer };
    this.unread.push(message);
    producer.trace.hold();
    world.kernel.spawn(this.ship(message));
  }

  private consumed(message: Message, group: string, operation: string) {
    return {
      ...KAFKA,
      'messaging.destination.name': TOPIC,
      'messaging.destination.partition.id': String(message.partition),
      'messaging.operation.name': operation,
      'messaging.operation.type': operation,
      'messaging.consumer.group.name': group,
      'messaging.kafka.message.key': message.key,
      'messaging.message.body.size': BigInt(message.bytes),
      'kafka.offset': BigInt(message.offset),
    };
  }

  private *ship(message: Message): Step<void> {
    const { world } = this;
    const pod = world.pickPod('shipping');
    yield* world.kernel.delay(world.random.lognormal(12 * MILLISECOND, 0.8));
    yield* pod.station.acquire();
    const span = message.producer.trace.begin({
      name: `process ${TOPIC}`,
      kind: SpanKind.Consumer,
      resource: pod.resource,
      scope: pod.scope('kafka'),
      parent: message.producer,
      links: [message.producer.toLink()],
      attributes: this.consumed(message, 'shipping', 'process'),
    });
    const context = { span, pod };
    yield* world.work(context, 1.2);
    const status = yield* external(world, context, {
      method: 'POST',
      host: 'api.carrier.example',
      path: '/v2/shipments',
      medianMs: 85,
      timeoutMs: 3000,
      status: world.random.chance(0.006) ? 503 : 201,
    });
    if (status !== 201) {
      span.fail(status === 0 ? 'timeout' : String(status), 'the carrier took no shipment; kept for the next run');
    }
    span.end();
    pod.station.release();
    message.producer.trace.release();
  }

  /** notifications polls for ever: a trace a poll, linked to the traces of the orders in it. */
  *notify(): Step<void> {
    const { world } = this;
    for (;;) {
      yield* world.kernel.delay(2 * SECOND + world.random.exponential(2 * SECOND));
      const batch = this.unread.splice(0, BATCH_AT_MOST);
      if (batch.length > 0) {
        yield* this.notifyBatch(batch);
      }
    }
  }

  private *notifyBatch(batch: readonly Message[]): Step<void> {
    const { world } = this;
    const pod = world.pickPod('notifications');
    const trace = world.recorder.openTrace();
    const links: SpanLink[] = batch.map((message) =>
      message.producer.toLink({ 'kafka.offset': BigInt(message.offset) })
    );
    const poll = trace.begin({
      name: `poll ${TOPIC}`,
      kind: SpanKind.Consumer,
      resource: pod.resource,
      scope: pod.scope('kafka'),
      links,
      attributes: {
        ...KAFKA,
        'messaging.destination.name': TOPIC,
        'messaging.operation.name': 'poll',
        'messaging.operation.type': 'receive',
        'messaging.consumer.group.name': 'notifications',
        'messaging.batch.message_count': BigInt(batch.length),
        'server.address': 'kafka',
        'server.port': 9092n,
      },
    });
    yield* world.kernel.delay(world.random.lognormal(2 * MILLISECOND, 0.5));
    for (const message of batch) {
      const span = trace.begin({
        name: `process ${TOPIC}`,
        kind: SpanKind.Consumer,
        resource: pod.resource,
        scope: pod.scope('kafka'),
        parent: poll,
        links: [message.producer.toLink()],
        attributes: this.consumed(message, 'notifications', 'process'),
      });
      yield* this.mail({ span, pod });
      span.end();
    }
    poll.end();
  }

  private *mail(context: Context): Step<void> {
    const { world } = this;
    yield* world.work(context, 2.5);
    for (let attempt = 0; attempt < 2; attempt++) {
      const status = yield* external(world, context, {
        method: 'POST',
        host: 'mail.example',
        path: '/v3/messages',
        medianMs: 60,
        timeoutMs: 2000,
        status: world.random.chance(0.02) ? 500 : 202,
        ...(attempt > 0 ? { resend: attempt } : {}),
      });
      if (status === 202) {
        return;
      }
      yield* world.kernel.delay(250 * MILLISECOND);
    }
    const error = new CallError('INTERNAL', 'mail was not accepted after 2 attempts', {
      type: 'MailError',
      at: 'send_confirmation',
    });
    recordException(context, error);
    context.span.fail('MailError', error.message);
  }
}
