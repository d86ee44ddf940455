/** @file What a benchmark is: a name and rows of measured numbers. `npm run bench` runs them and prints the rows. */

export interface BenchRow {
  what: string;
  value: number;
  unit: string;
  /** The figure of the design that this one stands against, as text. */
  target?: string;
  note?: string;
}

export interface BenchOptions {
  /** Directory of real traces; absent where there is none. */
  dataDir?: string;
  /** Smaller sizes and fewer repetitions. */
  quick: boolean;
  /** Options of the benchmark `fidelity`: one set, seeds, comparison with the reference tables. */
  set?: string;
  seeds?: string;
  reference?: boolean;
  log(line: string): void;
}

export interface Bench {
  name: string;
  run(options: BenchOptions): Promise<BenchRow[]>;
}
