/** @file The frontend: one handler a page, and the server span that every user's request begins with. */
import { SpanKind } from '../../trace';
import { Future, type Step } from '../kernel';
import { endHttpServer, grpc, httpStatus } from './calls';
import { redis } from './dependencies';
import { SEARCH_TERMS, type Product } from './goods';
import { getOrder, placeOrder, refund, shippingQuote, type Order } from './ordering';
import type { OrdersTopic } from './queue';
import {
  changeCart,
  getCart,
  getProduct,
  getStock,
  listProducts,
  searchProducts,
  type CatalogueCache,
} from './stock-and-goods';
import { CallError, type Context, type World } from './world';

/** Who asks. */
export interface Visitor {
  readonly session: string;
  readonly tier: 'guest' | 'member' | 'gold';
  readonly address: string;
  readonly userAgent: string;
  readonly currency: string;
  readonly country: string;
  readonly experiments: readonly string[];
  /** What lies in the cart. */
  readonly cart: Product[];
}

export interface Page {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** undefined: no route matches the path. */
  readonly route: string | undefined;
  readonly path: string;
  readonly query?: string;
  readonly handler: (context: Context) => Step<void>;
}

/** Runs steps side by side and waits for all; then throws the first error, if there was one. */
function* together(world: World, steps: ReadonlyArray<Step<unknown>>): Step<void> {
  const all = steps.map((step) => {
    const done = new Future<CallError | undefined>();
    world.kernel.spawn(
      (function* (): Step<void> {
        try {
          yield* step;
          done.settle(undefined);
        } catch (error) {
          if (!(error instanceof CallError)) {
            throw error;
          }
          done.settle(error);
        }
      })()
    );
    return done;
  });
  for (const done of all) {
    yield (resume) => done.whenSettled(resume);
  }
  for (const done of all) {
    if (done.settled?.value !== undefined) {
      throw done.settled.value;
    }
  }
}

/** One request of a visitor (undefined: a probe or a crawler without a session). The answer is the HTTP status. */
export function* request(world: World, page: Page, visitor: Visitor | undefined): Step<number> {
  const pod = world.pickPod('frontend');
  const trace = world.recorder.openTrace();
  trace.hold();
  yield* pod.station.acquire();
  const span = trace.begin({
    name: page.route === undefined ? page.method : `${page.method} ${page.route}`,
    kind: SpanKind.Server,
    resource: pod.resource,
    scope: pod.scope('http'),
    attributes: {
      'http.request.method': page.method,
      'http.route': page.route,
      'url.scheme': visitor === undefined ? 'http' : 'https',
      'url.path': page.path,
      'url.query': page.query,
      'server.address': visitor === undefined ? pod.address : 'shop.example',
      'server.port': visitor === undefined ? 8080n : 443n,
      'network.protocol.version': '1.1',
      'client.address': visitor?.address,
      'user_agent.original': visitor?.userAgent ?? 'kube-probe/1.33',
      'session.id': visitor?.session,
      'app.user.tier': visitor?.tier,
      'app.experiments': visitor?.experiments,
    },
  });
  const context = { span, pod };
  let error: CallError | undefined;
  try {
    if (visitor !== undefined) {
      yield* redis(world, context, 'session-store', 'GET', 'GET ?');
    }
    yield* page.handler(context);
  } catch (thrown) {
    if (!(thrown instanceof CallError)) {
      throw thrown;
    }
    error = new CallError(thrown.code, thrown.message, { type: 'UpstreamError', at: `handle ${page.route ?? '*'}` });
  }
  pod.station.release();
  const status = error !== undefined ? httpStatus(error.code) : page.method === 'POST' ? 201 : 200;
  endHttpServer(context, status, status >= 500 ? error : undefined);
  trace.release();
  return status;
}

/** The pages of the shop. */
export class Pages {
  constructor(
    private readonly world: World,
    private readonly cache: CatalogueCache,
    private readonly topic: OrdersTopic
  ) {}

  home(visitor: Visitor): Page {
    const { world, cache } = this;
    const category = world.random.pick(world.shelf.products).category;
    return this.page('GET', '/', '/', function* (context) {
      yield* together(world, [
        grpc(world, context, 'catalogue', 'shop.v1.Catalogue/ListProducts', listProducts(world, cache, category)),
        grpc(
          world,
          context,
          'cart',
          'shop.v1.Cart/GetCart',
          getCart(world, () => visitor.cart.length)
        ),
      ]);
      yield* world.work(context, 3.5);
    });
  }

  product(product: Product | undefined): Page {
    const { world, cache } = this;
    const id = product?.id ?? `P${world.random.hex(4).toUpperCase()}`;
    return this.page('GET', '/products/{id}', `/products/${id}`, function* (context) {
      yield* grpc(world, context, 'catalogue', 'shop.v1.Catalogue/GetProduct', getProduct(world, cache, product, id));
      try {
        yield* grpc(world, context, 'inventory', 'shop.v1.Inventory/GetStock', getStock(world), { timeoutMs: 400 });
      } catch (error) {
        // A page without the stock is better than no page.
        context.span.event('degraded', { 'app.missing': 'stock', 'app.reason': (error as CallError).code });
      }
      yield* world.work(context, 2.8);
    });
  }

  search(): Page {
    const { world } = this;
    const term = world.random.pick(SEARCH_TERMS);
    const handler = function* (context: Context): Step<void> {
      const found = yield* grpc(world, context, 'catalogue', 'shop.v1.Catalogue/Search', searchProducts(world, term));
      yield* world.work(context, 1.5 + found * 0.06);
    };
    return { ...this.page('GET', '/search', '/search', handler), query: `q=${encodeURIComponent(term)}` };
  }

  cart(visitor: Visitor): Page {
    const { world, cache } = this;
    return this.page('GET', '/cart', '/cart', function* (context) {
      yield* grpc(
        world,
        context,
        'cart',
        'shop.v1.Cart/GetCart',
        getCart(world, () => visitor.cart.length)
      );
      yield* together(
        world,
        visitor.cart.map((product) =>
          grpc(
            world,
            context,
            'catalogue',
            'shop.v1.Catalogue/GetProduct',
            getProduct(world, cache, product, product.id)
          )
        )
      );
      if (visitor.cart.length > 0) {
        yield* shippingQuote(world, context, visitor.country, visitor.cart.length);
      }
      yield* world.work(context, 2);
    });
  }

  add(visitor: Visitor, product: Product): Page {
    const { world, cache } = this;
    return this.page('POST', '/cart/items', '/cart/items', function* (context) {
      yield* grpc(
        world,
        context,
        'catalogue',
        'shop.v1.Catalogue/GetProduct',
        getProduct(world, cache, product, product.id)
      );
      yield* grpc(world, context, 'cart', 'shop.v1.Cart/AddItem', changeCart(world, 'HSET'));
      visitor.cart.push(product);
      yield* world.work(context, 1);
    });
  }

  remove(visitor: Visitor): Page {
    const { world } = this;
    const id = visitor.cart[0]?.id ?? '';
    return this.page('DELETE', '/cart/items/{id}', `/cart/items/${id}`, function* (context) {
      yield* grpc(world, context, 'cart', 'shop.v1.Cart/RemoveItem', changeCart(world, 'HDEL'));
      visitor.cart.shift();
      yield* world.work(context, 0.9);
    });
  }

  checkout(order: Order): Page {
    const { world, cache, topic } = this;
    return this.page('POST', '/checkout', '/checkout', function* (context) {
      yield* world.work(context, 1.2);
      const handler = placeOrder(world, cache, topic, order);
      yield* grpc(world, context, 'checkout', 'shop.v1.Checkout/PlaceOrder', handler, { timeoutMs: 8000 });
      yield* world.work(context, 2.4);
    });
  }

  order(): Page {
    const { world } = this;
    return this.page('GET', '/orders/{id}', `/orders/${world.random.uuid()}`, function* (context) {
      yield* grpc(world, context, 'checkout', 'shop.v1.Checkout/GetOrder', getOrder(world));
      yield* world.work(context, 1.6);
    });
  }

  login(): Page {
    const { world } = this;
    return this.page('POST', '/login', '/login', function* (context) {
      const span = context.span.trace.begin({
        name: 'verify password',
        kind: SpanKind.Internal,
        resource: context.pod.resource,
        scope: context.pod.scope('app'),
        parent: context.span,
        attributes: { 'app.hash.algorithm': 'argon2id' },
      });
      yield* world.work(context, 62, 0.12);
      span.end();
      yield* redis(world, context, 'session-store', 'SET', 'SET ? ? EX ?');
    });
  }

  /** 0.2%: money back. */
  refund(): Page {
    const { world } = this;
    return this.page('POST', '/orders/{id}/refund', `/orders/${world.random.uuid()}/refund`, function* (context) {
      yield* grpc(world, context, 'checkout', 'shop.v1.Checkout/GetOrder', getOrder(world));
      yield* grpc(world, context, 'payment', 'shop.v1.Payment/Refund', refund(world), { timeoutMs: 6000 });
      yield* world.work(context, 1);
    });
  }

  /** A form that does not parse: 400 before any call. */
  malformed(): Page {
    const { world } = this;
    const handler = function* (context: Context): Step<void> {
      context.span.event('validation failed', { 'app.field': world.random.pick(['quantity', 'product', 'coupon']) });
      throw new CallError('INVALID_ARGUMENT', 'the form is not valid');
    };
    return this.page('POST', '/cart/items', '/cart/items', handler);
  }

  /** A scanner looks for what is not there. */
  unknown(): Page {
    const { world } = this;
    const path = world.random.pick(['/wp-login.php', '/.env', '/admin', '/favicon-96x96.png']);
    return {
      method: 'GET',
      route: undefined,
      path,
      handler: function* (context) {
        yield* world.work(context, 0.4);
        throw new CallError('NOT_FOUND', `no route for ${path}`);
      },
    };
  }

  /** A crawler's site map: every category, one after the other. */
  sitemap(): Page {
    const { world, cache } = this;
    return this.page('GET', '/sitemap.xml', '/sitemap.xml', function* (context) {
      for (const category of ['kitchen', 'garden', 'books', 'audio', 'toys', 'outdoor']) {
        yield* grpc(
          world,
          context,
          'catalogue',
          'shop.v1.Catalogue/ListProducts',
          listProducts(world, cache, category)
        );
        yield* world.work(context, 4);
      }
    });
  }

  probe(): Page {
    const { world } = this;
    return this.page('GET', '/healthz', '/healthz', (context) => world.work(context, 0.25));
  }

  private page(method: Page['method'], route: string, path: string, handler: Page['handler']): Page {
    return { method, route, path, handler };
  }
}
