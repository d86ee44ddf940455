/** @file catalogue (with its cache), inventory and cart: what they do for a request. */
import { SpanKind } from '../../trace';
import type { Step } from '../kernel';
import { redis, sql } from './dependencies';
import type { Product } from './goods';
import { isOn } from './incidents';
import { CallError, SECOND, type Context, type World } from './world';

const CACHE_TTL = 240 * SECOND;
const OUT_OF_STOCK = 0.008;
const TOO_MANY_CONNECTIONS = 0.35;

/** The catalogue's look-aside cache: which keys Redis holds, until when. */
export class CatalogueCache {
  private readonly expiry = new Map<string, number>();

  has(key: string, now: number): boolean {
    return (this.expiry.get(key) ?? -1) > now;
  }

  put(key: string, now: number): void {
    this.expiry.set(key, now + CACHE_TTL);
  }

  flush(): void {
    this.expiry.clear();
  }
}

/** Reads through the cache; `load` runs on a miss. */
function* cached(
  world: World,
  cache: CatalogueCache,
  context: Context,
  key: string,
  load: () => Step<void>
): Step<void> {
  const hit = cache.has(key, world.kernel.now);
  yield* redis(world, context, 'catalogue-cache', 'GET', 'GET ?', hit);
  if (!hit) {
    yield* load();
    yield* redis(world, context, 'catalogue-cache', 'SET', 'SET ? ? EX ?');
    cache.put(key, world.kernel.now);
  }
}

export function listProducts(world: World, cache: CatalogueCache, category: string) {
  return function* (context: Context): Step<void> {
    context.span.set({ 'app.product.category': category });
    yield* cached(world, cache, context, `list:${category}`, () =>
      sql(world, context, {
        database: 'catalogue-db',
        operation: 'SELECT',
        table: 'products',
        text: 'SELECT id, name, cents FROM products WHERE category = $1 ORDER BY rank LIMIT $2',
        medianMs: 7,
        rows: 24,
      })
    );
    yield* world.work(context, 0.9);
  };
}

/** @param product - undefined: an id that does not exist */
export function getProduct(world: World, cache: CatalogueCache, product: Product | undefined, id: string) {
  return function* (context: Context): Step<void> {
    context.span.set({ 'app.product.id': id });
    const load = () =>
      sql(world, context, {
        database: 'catalogue-db',
        operation: 'SELECT',
        table: 'products',
        text: 'SELECT id, name, description, category, cents FROM products WHERE id = $1',
        medianMs: 2.6,
        rows: product === undefined ? 0 : 1,
      });
    if (product === undefined) {
      yield* redis(world, context, 'catalogue-cache', 'GET', 'GET ?', false);
      yield* load();
      throw new CallError('NOT_FOUND', `no product ${id}`);
    }
    yield* cached(world, cache, context, product.id, load);
    context.span.set({ 'app.product.category': product.category });
    yield* world.work(context, 0.5);
  };
}

export function searchProducts(world: World, term: string) {
  return function* (context: Context): Step<number> {
    const words = term.split(' ').length;
    const found = world.random.chance(0.06) ? 0 : 1 + world.random.below(40);
    context.span.set({ 'app.search.words': BigInt(words) });
    yield* sql(world, context, {
      database: 'catalogue-db',
      operation: 'SELECT',
      table: 'products',
      text: 'SELECT id, ts_rank(document, q) FROM products, plainto_tsquery($1) q WHERE document @@ q ORDER BY 2 DESC LIMIT 50',
      medianMs: 14 + 9 * words,
      rows: found,
    });
    const ranking = context.span.trace.begin({
      name: 'rank results',
      kind: SpanKind.Internal,
      resource: context.pod.resource,
      scope: context.pod.scope('app'),
      parent: context.span,
      attributes: { 'app.search.candidates': BigInt(found) },
    });
    yield* world.work(context, 0.4 + found * 0.08);
    ranking.end();
    return found;
  };
}

/** During the incident a share of the statements of the stock database fails. */
function* stockSql(
  world: World,
  context: Context,
  operation: 'SELECT' | 'UPDATE',
  text: string,
  rows: number
): Step<void> {
  const failing = isOn('stock-database', world.kernel.now) && world.random.chance(TOO_MANY_CONNECTIONS);
  yield* sql(
    world,
    context,
    { database: 'stock-db', operation, table: 'stock', text, medianMs: operation === 'SELECT' ? 1.8 : 4.2, rows },
    failing
      ? {
          code: '1040',
          message: 'Too many connections',
          exception: { type: 'java.sql.SQLNonTransientConnectionException', at: 'StockRepository.query' },
        }
      : undefined
  );
}

export function getStock(world: World) {
  return function* (context: Context): Step<void> {
    yield* stockSql(world, context, 'SELECT', 'SELECT warehouse, quantity FROM stock WHERE product_id = ?', 3);
    yield* world.work(context, 0.8);
  };
}

export function reserveStock(world: World, products: readonly Product[]) {
  return function* (context: Context): Step<void> {
    context.span.set({ 'app.order.lines': BigInt(products.length) });
    yield* world.work(context, 1.1);
    for (const product of products) {
      if (world.random.chance(OUT_OF_STOCK)) {
        context.span.event('out of stock', { 'app.product.id': product.id });
        throw new CallError('FAILED_PRECONDITION', 'out of stock', {
          type: 'shop.inventory.OutOfStockException',
          at: 'Reservations.reserve',
        });
      }
      yield* stockSql(
        world,
        context,
        'UPDATE',
        'UPDATE stock SET reserved = reserved + ? WHERE product_id = ? AND quantity - reserved >= ?',
        1
      );
    }
  };
}

export function releaseStock(world: World, products: readonly Product[]) {
  return function* (context: Context): Step<void> {
    for (const _product of products) {
      yield* stockSql(world, context, 'UPDATE', 'UPDATE stock SET reserved = reserved - ? WHERE product_id = ?', 1);
    }
    yield* world.work(context, 0.6);
  };
}

/** One look at every shelf of the warehouse: the inventory's own nightly job, here every ten minutes. */
export function* reconcileStock(world: World, context: Context): Step<void> {
  for (let page = 0; page < 24; page++) {
    yield* sql(world, context, {
      database: 'stock-db',
      operation: 'SELECT',
      table: 'stock',
      text: 'SELECT product_id, quantity, reserved FROM stock WHERE product_id > ? ORDER BY product_id LIMIT ?',
      medianMs: 9,
      rows: 500,
    });
    yield* world.work(context, 6);
    if (world.random.chance(0.15)) {
      yield* sql(world, context, {
        database: 'stock-db',
        operation: 'UPDATE',
        table: 'stock',
        text: 'UPDATE stock SET reserved = ? WHERE product_id = ?',
        medianMs: 4,
        rows: 1,
      });
    }
  }
}

export function getCart(world: World, lines: () => number) {
  return function* (context: Context): Step<void> {
    yield* redis(world, context, 'cart-store', 'HGETALL', 'HGETALL ?');
    context.span.set({ 'app.cart.lines': BigInt(lines()) });
    yield* world.work(context, 0.4);
  };
}

export function changeCart(world: World, command: 'HSET' | 'HDEL' | 'DEL') {
  return function* (context: Context): Step<void> {
    yield* world.work(context, 0.3);
    yield* redis(world, context, 'cart-store', command, command === 'DEL' ? 'DEL ?' : `${command} ? ?`);
    if (command !== 'DEL') {
      yield* redis(world, context, 'cart-store', 'EXPIRE', 'EXPIRE ? ?');
    }
  };
}
