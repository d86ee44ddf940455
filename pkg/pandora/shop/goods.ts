/** @file What the shop sells and what its customers type. */
import { Zipf, type Random } from '../random';

export interface Product {
  readonly id: string;
  readonly category: string;
  readonly cents: number;
}

const CATEGORIES = ['kitchen', 'garden', 'books', 'audio', 'toys', 'outdoor'] as const;
const PRODUCT_COUNT = 180;

export const SEARCH_TERMS = [
  'teapot',
  'cast iron pan',
  'headphones',
  'seeds',
  'tent',
  'lantern',
  'puzzle',
  'notebook',
  'watering can',
  'speaker',
  'kettle',
  'gift',
  'wool blanket',
  'chess',
  'rope',
] as const;

export const CURRENCIES: ReadonlyArray<readonly [number, string]> = [
  [6, 'EUR'],
  [3, 'USD'],
  [1, 'GBP'],
  [0.3, 'JPY'],
];

export const USER_AGENTS: ReadonlyArray<readonly [number, string]> = [
  [
    5,
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  ],
  [3, 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148'],
  [2, 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0'],
  [1, 'ShopApp/7.4 (Android 15)'],
];

/** The shelf: products by popularity. */
export class Shelf {
  readonly products: readonly Product[];
  private readonly popularity = new Zipf(PRODUCT_COUNT, 0.9);

  constructor(random: Random) {
    this.products = Array.from({ length: PRODUCT_COUNT }, () => ({
      id: `P${random.hex(4).toUpperCase()}`,
      category: random.pick(CATEGORIES),
      cents: 199 + random.below(12_000),
    }));
  }

  sample(random: Random): Product {
    return this.products[this.popularity.sample(random)] as Product;
  }
}
