/** @file Texts of TraceQL queries, drawn from the grammar. */
import fc from 'fast-check';

/** Draws whole numbers: `next(n)` gives 0 … n − 1. */
export interface Draw {
  next(below: number): number;
}

/** A small seeded generator (mulberry32), so that a run can be repeated. */
export function seededDraw(seed: number): Draw {
  let state = seed >>> 0;
  return {
    next(below) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
    },
  };
}

const NAMES = ['a', 'b.c', 'http.status_code', '"foo bar"', 'x-1', 'q"o t"e', 'naïve', '3x', '"0"', 'a[0]', '🤘'];
const SCOPES = ['.', 'span.', 'resource.', 'event.', 'link.', 'instrumentation.'];
const TEXT_INTRINSICS = ['name', 'statusMessage', 'rootName', 'span:name', 'event:name', 'trace:id', 'rootServiceName'];
const NUMBER_INTRINSICS = ['duration', 'nestedSetParent', 'span:childCount', 'traceDuration', 'event:timeSinceStart'];
const STRINGS = ['"x"', '`raw "text"`', '"with \\"quotes\\" and \\n"', '""', '"tick ` tock"', '"é🤘"'];
const NUMBERS = [
  '0',
  '1',
  '42',
  '3.0',
  '.5',
  '1e3',
  '2.',
  '9223372036854775807',
  '1d2h',
  '1.5s',
  '100us',
  '-7',
  'minInt',
  '1e-9',
  '5e20',
];
const REGEXES = ['"a.*"', '`^(GET|POST) /\\d+$`', '"(?i)error"', '"[[:alpha:]]+"', '""'];
const SPANSET_OPERATORS = [
  '&&',
  '||',
  '>',
  '>>',
  '<',
  '<<',
  '~',
  '!>',
  '!>>',
  '!<',
  '!<<',
  '!~',
  '&>',
  '&>>',
  '&<',
  '&<<',
  '&~',
];
const COMPARISONS = ['=', '!=', '<', '<=', '>', '>='];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^'];

/** Writes random valid queries. */
export class QueryWriter {
  constructor(private readonly draw: Draw) {}

  private pick<T>(list: readonly T[]): T {
    return list[this.draw.next(list.length)] as T;
  }

  private chance(percent: number): boolean {
    return this.draw.next(100) < percent;
  }

  private list(least: number, most: number, one: () => string): string {
    return Array.from({ length: least + this.draw.next(most - least + 1) }, one).join(this.pick([',', ', ']));
  }

  attribute(): string {
    const scope = this.pick(SCOPES);
    const name = this.pick(NAMES);
    // `.3x` would begin a number.
    return scope + (scope === '.' && name === '3x' ? 'x3' : name);
  }

  private groupAttribute(): string {
    return this.chance(60) ? this.attribute() : this.pick([...TEXT_INTRINSICS, ...NUMBER_INTRINSICS, 'status', 'kind']);
  }

  private number(depth: number): string {
    if (depth <= 0 || this.chance(50)) {
      return this.chance(50) ? this.pick(NUMBERS) : this.chance(50) ? this.attribute() : this.pick(NUMBER_INTRINSICS);
    }
    if (this.chance(15)) {
      return `-(${this.number(depth - 1)})`;
    }
    const [left, right] = [this.number(depth - 1), this.number(depth - 1)];
    return this.chance(50)
      ? `(${left} ${this.pick(ARITHMETIC)} ${right})`
      : `${left} ${this.pick(ARITHMETIC)} ${right}`;
  }

  /** An expression that is true or false. */
  condition(depth: number): string {
    if (depth > 0 && this.chance(45)) {
      const inner = `${this.condition(depth - 1)} ${this.pick(['&&', '||'])} ${this.condition(depth - 1)}`;
      return this.chance(40) ? `(${inner})` : this.chance(15) ? `!(${inner})` : inner;
    }
    switch (this.draw.next(9)) {
      case 0:
        return this.attribute();
      case 1:
        return `${this.attribute()} ${this.pick(['=', '!='])} nil`;
      case 2:
        return `${this.pick([this.attribute(), ...TEXT_INTRINSICS])} ${this.pick(COMPARISONS)} ${this.pick(STRINGS)}`;
      case 3:
        return `${this.pick([this.attribute(), ...TEXT_INTRINSICS])} ${this.pick(['=~', '!~'])} ${this.pick(REGEXES)}`;
      case 4:
        return `${this.pick(['status = error', 'status != ok', 'kind = server', 'span:kind != client'])}`;
      case 5:
        return this.pick(['true', 'false', `!${this.attribute()}`, `${this.attribute()} = true`]);
      default:
        return `${this.number(depth)} ${this.pick(COMPARISONS)} ${this.number(depth)}`;
    }
  }

  filter(depth: number): string {
    return this.chance(10) ? '{ }' : `{ ${this.condition(depth)} }`;
  }

  private spanset(depth: number): string {
    if (depth <= 0 || this.chance(50)) {
      return this.filter(depth);
    }
    const text = `${this.spanset(depth - 1)} ${this.pick(SPANSET_OPERATORS)} ${this.spanset(depth - 1)}`;
    return this.chance(40) ? `(${text})` : text;
  }

  private stage(depth: number): string {
    switch (this.draw.next(6)) {
      case 0:
        return `by(${this.chance(70) ? this.groupAttribute() : `${this.attribute()} + 1`})`;
      case 1:
        return 'coalesce()';
      case 2:
        return `select(${this.list(1, 3, () => this.groupAttribute())})`;
      case 3:
        return `count() ${this.pick(COMPARISONS)} ${this.draw.next(10)}`;
      case 4:
        return `${this.pick(['avg', 'max', 'min', 'sum'])}(${this.pick([this.attribute(), 'duration'])}) ${this.pick(COMPARISONS)} ${this.pick(['1s', '10', '2.5', '-3'])}`;
      default:
        return this.spanset(depth - 1);
    }
  }

  private pipeline(depth: number): string {
    const stages = [this.spanset(depth)];
    while (stages.length < 4 && this.chance(35)) {
      stages.push(this.stage(depth));
    }
    return stages.join(this.pick(['|', ' | ']));
  }

  private wrapped(depth: number): string {
    const one = () => `(${this.pipeline(depth - 1)})`;
    // The left side must be a pipeline for the right side to be one.
    return `(${this.pipeline(depth - 1)} | ${this.stage(1)}) ${this.pick(SPANSET_OPERATORS)} ${one()}`;
  }

  private metrics(depth: number): string {
    const by = this.chance(40) ? ` by (${this.list(1, 3, () => this.groupAttribute())})` : '';
    const number = this.pick(['duration', this.attribute(), 'traceDuration']);
    const functions = [
      `rate()${by}`,
      `count_over_time()${by}`,
      `${this.pick(['min', 'max', 'avg', 'sum'])}_over_time(${number})${by}`,
      `quantile_over_time(${number}, ${this.list(1, 3, () => this.pick(['0', '.5', '0.99', '1', '0.123456789']))})${by}`,
      `histogram_over_time(${number})${by}`,
    ];
    return `${this.pipeline(depth)} | ${this.pick(functions)}`;
  }

  private second(): string {
    let text = '';
    while (this.chance(25)) {
      text += this.chance(50)
        ? ` | ${this.pick(['topk', 'bottomk'])}(${1 + this.draw.next(9)})`
        : ` ${this.pick(COMPARISONS)} ${this.pick(['1', '0.5', '10s', '-2', '2 * 3', '1e6', '1.0 / 0', '6 / 4 - 1'])}`;
    }
    return text;
  }

  private math(depth: number): string {
    if (depth <= 0 || this.chance(40)) {
      return `(${this.metrics(1)}${this.second()})`;
    }
    const number = () => this.pick(['2', '0.5', '-1', '(1 + 2)', '100']);
    const left = this.chance(20) ? number() : this.math(depth - 1);
    const right = this.chance(30) && left.includes('{') ? number() : this.math(depth - 1);
    const text = `${left} ${this.pick(['+', '-', '*', '/'])} ${right}`;
    return this.chance(40) ? `(${text})` : text;
  }

  /** A whole query. */
  query(): string {
    const depth = this.draw.next(4);
    const body = [
      () => this.pipeline(depth),
      () => this.wrapped(depth),
      () => `${this.metrics(depth)}${this.second()}`,
      () => `${this.math(2)}${this.second()}`,
      () => `${this.pipeline(1)} | compare({ ${this.condition(1)} }${this.chance(50) ? ', 5' : ''})`,
    ];
    const hints = this.chance(10)
      ? ` with (${this.pick(['sample=0.1', 'most_recent=true', 'x="y", n=3', 'd=10s'])})`
      : '';
    return this.pick(body)() + hints;
  }
}

/** Queries for property tests; a failing one is reported by its text. */
export const arbitraryQuery: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 2 ** 31 - 1 })
  .map((seed) => new QueryWriter(seededDraw(seed)).query());

/** Filters `{ … }` for property tests. */
export const arbitraryFilter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 2 ** 31 - 1 })
  .map((seed) => new QueryWriter(seededDraw(seed)).filter(3));
