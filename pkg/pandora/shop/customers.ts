/** @file Customers: a session is a walk from page to page, with time to think between them. */
import type { Step } from '../kernel';
import type { Random } from '../random';
import { CURRENCIES, USER_AGENTS } from './goods';
import { request, type Page, type Pages, type Visitor } from './frontend';
import { SECOND, type World } from './world';

const THINK_SECONDS = 7;
const COUNTRIES = ['DE', 'FR', 'US', 'GB', 'IT', 'JP', 'PL', 'ES'] as const;

/** Mean number of requests of a session (measured). */
export const REQUESTS_A_SESSION = 6.1;

function newVisitor(random: Random): Visitor {
  return {
    session: random.hex(16),
    tier: random.weighted([
      [6, 'guest' as const],
      [3, 'member' as const],
      [1, 'gold' as const],
    ]),
    address: `${100 + random.below(100)}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`,
    userAgent: random.weighted(USER_AGENTS),
    currency: random.weighted(CURRENCIES),
    country: random.pick(COUNTRIES),
    experiments: random.chance(0.5) ? ['new-search'] : random.chance(0.3) ? ['new-search', 'fast-checkout'] : [],
    cart: [],
  };
}

/** One customer's visit. `random` decides what the customer does; service times come from the world. */
export function* session(world: World, pages: Pages, random: Random): Step<void> {
  const visitor = newVisitor(random);
  function* visit(page: Page): Step<number> {
    const status = yield* request(world, page, visitor);
    yield* world.kernel.delay(random.exponential(THINK_SECONDS * SECOND));
    return status;
  }

  if (random.chance(0.012)) {
    yield* visit(pages.unknown());
    return;
  }
  if (random.chance(0.01)) {
    yield* visit(pages.sitemap());
    return;
  }
  if (random.chance(0.7)) {
    yield* visit(pages.home(visitor));
  }
  if (visitor.tier !== 'guest' && random.chance(0.5)) {
    yield* visit(pages.login());
    if (random.chance(0.35)) {
      yield* visit(pages.order());
    }
    if (random.chance(0.05)) {
      yield* visit(pages.refund());
    }
  }
  const looks = 1 + Math.floor(random.exponential(2.2));
  for (let i = 0; i < looks; i++) {
    if (random.chance(0.25)) {
      yield* visit(pages.search());
    }
    if (random.chance(0.012)) {
      yield* visit(pages.product(undefined));
    }
    const product = world.shelf.sample(random);
    yield* visit(pages.product(product));
    if (random.chance(0.32) && visitor.cart.length < 6) {
      if (random.chance(0.02)) {
        yield* visit(pages.malformed());
      }
      yield* visit(pages.add(visitor, product));
    }
  }
  yield* buy(world, pages, visitor, random, visit);
}

function* buy(
  world: World,
  pages: Pages,
  visitor: Visitor,
  random: Random,
  visit: (page: Page) => Step<number>
): Step<void> {
  if (visitor.cart.length === 0) {
    return;
  }
  yield* visit(pages.cart(visitor));
  if (random.chance(0.08)) {
    yield* visit(pages.remove(visitor));
  }
  if (visitor.cart.length === 0 || !random.chance(0.72)) {
    return;
  }
  const order = {
    products: [...visitor.cart],
    currency: visitor.currency,
    country: visitor.country,
    giftCard: random.chance(0.04),
  };
  // Who sees an error page tries once more.
  for (let attempt = 0; attempt < 2; attempt++) {
    const status = yield* visit(pages.checkout(order));
    if (status < 500) {
      visitor.cart.length = 0;
      break;
    }
  }
  if (random.chance(0.3)) {
    yield* visit(pages.order());
  }
}
