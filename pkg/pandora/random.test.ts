import { Random, Zipf } from './random';

const sample = (n: number, draw: () => number): number[] => Array.from({ length: n }, draw);
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('Random', () => {
  it('repeats with its seed and stream, and differs with either', () => {
    const first = (seed: number, stream: string) => {
      const random = new Random(seed, stream);
      return sample(5, () => random.uint32());
    };
    expect(first(1, 'a')).toEqual(first(1, 'a'));
    expect(first(1, 'a')).not.toEqual(first(2, 'a'));
    expect(first(1, 'a')).not.toEqual(first(1, 'b'));
    expect(first(1, 'a')).not.toEqual(first(2 ** 32 + 1, 'a'));
  });

  it('draws from the distributions it names', () => {
    const random = new Random(7, 'test');
    expect(mean(sample(20_000, () => random.uniform()))).toBeCloseTo(0.5, 1);
    expect(mean(sample(20_000, () => random.exponential(3)))).toBeCloseTo(3, 0);
    const normals = sample(20_000, () => random.normal());
    expect(mean(normals)).toBeCloseTo(0, 1);
    expect(mean(normals.map((z) => z * z))).toBeCloseTo(1, 1);
    const medians = sample(20_001, () => random.lognormal(10, 0.5)).sort((a, b) => a - b);
    expect(Math.abs((medians[10_000] as number) - 10)).toBeLessThan(0.3);
    const heads = sample(10_000, () =>
      random.weighted([
        [3, 1],
        [1, 0],
      ])
    );
    expect(mean(heads)).toBeCloseTo(0.75, 1);
  });

  it('makes ids of the right form', () => {
    const random = new Random(1, 'ids');
    for (let i = 0; i < 200; i++) {
      expect(random.hex(16)).toMatch(/^[0-9a-f]{32}$/);
      expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  it('draws ranks by Zipf’s law', () => {
    const random = new Random(3, 'zipf');
    const zipf = new Zipf(10, 1);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i++) {
      counts[zipf.sample(random)]!++;
    }
    expect(counts.reduce((sum, n) => sum + n)).toBe(20_000);
    expect((counts[0] as number) / (counts[1] as number)).toBeCloseTo(2, 0);
  });
});
