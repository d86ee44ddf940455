/** @file checkout, payment and shipping: what placing an order takes. */
import { SpanKind } from '../../trace';
import type { Step } from '../kernel';
import { grpc, http } from './calls';
import { external, sql } from './dependencies';
import type { Product } from './goods';
import { isOn } from './incidents';
import type { OrdersTopic } from './queue';
import { changeCart, getCart, getProduct, releaseStock, reserveStock, type CatalogueCache } from './stock-and-goods';
import { CallError, MILLISECOND, type Context, type World } from './world';

const GATEWAY_ATTEMPTS = 3;
const GATEWAY_TIMEOUT_MS = 1500;
const GATEWAY_SLOWER = 14;
const DECLINED = 0.03;
const HELD_FOR_FRAUD = 0.006;

export interface Order {
  readonly products: readonly Product[];
  readonly currency: string;
  readonly country: string;
  readonly giftCard: boolean;
}

/** A price for shipping; most destinations are in the service's own memory. */
export function* shippingQuote(world: World, caller: Context, country: string, items: number): Step<void> {
  yield* http(
    world,
    caller,
    'shipping',
    { method: 'POST', route: '/quotes/{country}', path: `/quotes/${country}`, bodyBytes: 60 + 35 * items },
    function* (context) {
      yield* world.work(context, 0.7);
      if (world.random.chance(0.25)) {
        yield* external(world, context, {
          method: 'GET',
          host: 'api.carrier.example',
          path: '/v2/rates',
          medianMs: 48,
          timeoutMs: 2000,
          status: 200,
        });
      }
    }
  );
}

/** Charges a card: retries time-outs and 503s with exponential back-off and jitter. */
function charge(world: World, order: Order, cents: number) {
  return function* (context: Context): Step<void> {
    context.span.set({
      'app.payment.method': order.giftCard ? 'gift_card' : 'card',
      'app.payment.currency': order.currency,
      'app.payment.amount': cents / 100,
    });
    yield* world.work(context, 2.2);
    if (order.giftCard) {
      yield* sql(world, context, {
        database: 'payments-db',
        operation: 'UPDATE',
        table: 'gift_cards',
        text: 'UPDATE gift_cards SET cents = cents - $1 WHERE code = $2 AND cents >= $1',
        medianMs: 5,
        rows: 1,
      });
      return;
    }
    yield* authorise(world, context);
    yield* sql(world, context, {
      database: 'payments-db',
      operation: 'INSERT',
      table: 'payments',
      text: 'INSERT INTO payments (id, order_id, cents, currency, state) VALUES ($1, $2, $3, $4, $5)',
      medianMs: 3.4,
      rows: 1,
    });
  };
}

function* authorise(world: World, context: Context): Step<void> {
  const declined = world.random.chance(DECLINED);
  for (let attempt = 0; attempt < GATEWAY_ATTEMPTS; attempt++) {
    yield* world.gatewayConnections.acquire();
    const slow = isOn('slow-payment-gateway', world.kernel.now) ? GATEWAY_SLOWER : 1;
    const status = yield* external(world, context, {
      method: 'POST',
      host: 'api.paygate.example',
      path: '/v1/authorisations',
      medianMs: 115 * slow,
      sigma: 0.35,
      timeoutMs: GATEWAY_TIMEOUT_MS,
      status: declined ? 402 : world.random.chance(0.008) ? 503 : 201,
      ...(attempt > 0 ? { resend: attempt } : {}),
    });
    world.gatewayConnections.release();
    if (status === 201) {
      return;
    }
    if (status === 402) {
      throw new CallError('FAILED_PRECONDITION', 'card declined', {
        type: 'shop.payment.CardDeclinedException',
        at: 'Gateway.authorise',
      });
    }
    context.span.event('retry', {
      'retry.attempt': BigInt(attempt + 1),
      'retry.reason': status === 0 ? 'timeout' : '503',
    });
    yield* world.kernel.delay((100 * 2 ** attempt + 50 * world.random.uniform()) * MILLISECOND);
  }
  throw new CallError('UNAVAILABLE', `payment gateway gave no answer in ${GATEWAY_ATTEMPTS} attempts`, {
    type: 'shop.payment.GatewayUnavailableException',
    at: 'Gateway.authorise',
  });
}

/** From 1.15 on checkout looks for fraud before it charges. */
function checksFraud(version: string): boolean {
  return Number(version.split('.')[1]) >= 15;
}

function* fraudCheck(world: World, context: Context): Step<void> {
  const span = context.span.trace.begin({
    name: 'check fraud',
    kind: SpanKind.Internal,
    resource: context.pod.resource,
    scope: context.pod.scope('app'),
    parent: context.span,
    attributes: { 'app.fraud.rules': ['velocity', 'address', 'amount'] },
  });
  yield* world.work(context, 18, 0.4);
  const held = world.random.chance(HELD_FOR_FRAUD);
  span.set({ 'app.fraud.score': Math.round(world.random.uniform() * (held ? 100 : 60)) / 100, 'app.fraud.held': held });
  span.end();
  if (held) {
    throw new CallError('FAILED_PRECONDITION', 'order held for review');
  }
}

/** The handler of `shop.v1.Checkout/PlaceOrder`. */
export function placeOrder(world: World, cache: CatalogueCache, topic: OrdersTopic, order: Order) {
  return function* (context: Context): Step<void> {
    const { products } = order;
    const orderId = world.random.uuid();
    const cents = products.reduce((sum, product) => sum + product.cents, 0);
    context.span.set({
      'app.order.id': orderId,
      'app.order.items': BigInt(products.length),
      'app.order.total': cents / 100,
      'app.order.currency': order.currency,
    });
    yield* world.work(context, 1.5);
    yield* grpc(
      world,
      context,
      'cart',
      'shop.v1.Cart/GetCart',
      getCart(world, () => products.length)
    );
    for (const product of products) {
      yield* grpc(
        world,
        context,
        'catalogue',
        'shop.v1.Catalogue/GetProduct',
        getProduct(world, cache, product, product.id)
      );
    }
    yield* shippingQuote(world, context, order.country, products.length);
    if (checksFraud(context.pod.version)) {
      yield* fraudCheck(world, context);
    }
    yield* grpc(world, context, 'inventory', 'shop.v1.Inventory/Reserve', reserveStock(world, products));
    try {
      yield* grpc(world, context, 'payment', 'shop.v1.Payment/Charge', charge(world, order, cents), {
        timeoutMs: 6000,
      });
    } catch (error) {
      context.span.event('order rolled back', { 'app.order.id': orderId });
      yield* grpc(world, context, 'inventory', 'shop.v1.Inventory/Release', releaseStock(world, products));
      throw error;
    }
    for (const [table, text] of [
      ['orders', 'INSERT INTO orders (id, customer, cents, currency, country) VALUES ($1, $2, $3, $4, $5)'],
      ['order_lines', 'INSERT INTO order_lines (order_id, product_id, cents) SELECT * FROM unnest($1, $2, $3)'],
    ] as const) {
      const rows = table === 'orders' ? 1 : products.length;
      yield* sql(world, context, { database: 'orders-db', operation: 'INSERT', table, text, medianMs: 3.1, rows });
    }
    yield* topic.publish(context, orderId);
    yield* grpc(world, context, 'cart', 'shop.v1.Cart/EmptyCart', changeCart(world, 'DEL'));
  };
}

/** The handler of `shop.v1.Checkout/GetOrder`. */
export function getOrder(world: World) {
  return function* (context: Context): Step<void> {
    yield* sql(world, context, {
      database: 'orders-db',
      operation: 'SELECT',
      table: 'orders',
      text: 'SELECT * FROM orders JOIN order_lines ON order_id = id WHERE id = $1',
      medianMs: 4.5,
      rows: 1 + world.random.below(5),
    });
    yield* world.work(context, 0.8);
  };
}

/** The handler of `shop.v1.Payment/Refund`: rare. */
export function refund(world: World) {
  return function* (context: Context): Step<void> {
    yield* world.work(context, 2);
    yield* external(world, context, {
      method: 'POST',
      host: 'api.paygate.example',
      path: '/v1/refunds',
      medianMs: 210,
      timeoutMs: 5000,
      status: 201,
    });
    yield* sql(world, context, {
      database: 'payments-db',
      operation: 'UPDATE',
      table: 'payments',
      text: 'UPDATE payments SET state = $1 WHERE order_id = $2',
      medianMs: 3.4,
      rows: 1,
    });
  };
}
