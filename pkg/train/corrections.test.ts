/**
 * @file What draws differ by from what was measured is found and set right: for some time or in a shape.
 */
import {
  contextOf,
  DriftPlaces,
  MAX_BINS,
  NO_DRIFTS,
  readPriors,
  TimedBins,
  type Drift,
  type DriftKind,
  type Drifts,
  type Priors,
} from '../features';
import { openDrawnBins, openModel, readNetworkSection, type DrawnBins, type DrawnBinsInput } from '../generate';
import { ByteReader, readModelFile } from '../model';
import { shopTraces } from '../../tests/query/shop-traces';
import { newTrainingBatch } from './batch';
import { correctDraws, type MeasuredBins } from './corrections';
import { trainOnColumns } from './train';

const KINDS: readonly DriftKind[] = ['ticks', 'shapes'];

const sum = (list: ArrayLike<number>): number => Array.from(list).reduce((total, n) => total + n, 0);

/** Total variation. */
function distance(one: Float64Array, other: Float64Array): number {
  const [a, b] = [sum(one), sum(other)];
  return sum(one.map((n, i) => Math.abs(n / a - (other[i] as number) / b))) / 2;
}

let bins: DrawnBins;
let input: DrawnBinsInput;
let priors: Priors;
let places: DriftPlaces;
let plain: MeasuredBins;

/** What is drawn with some drifts, as if it had been measured. */
async function drawnWith(drifts: Drifts, others = priors): Promise<MeasuredBins> {
  const times: Partial<Record<DriftKind, TimedBins>> = {};
  let wanted: Float64Array = new Float64Array();
  for (const along of KINDS) {
    const { counts, timed } = await bins.count({ priors: others, drifts, along });
    const own = new TimedBins(places.bases, places.positions[along]);
    timed.forEach((part) => own.take(part));
    times[along] = own;
    wanted = counts;
  }
  return { spans: 10_000, wanted, times: times as Record<DriftKind, TimedBins> };
}

/** Counts by group of bins where a drift holds. */
function at(counts: MeasuredBins, kind: DriftKind, { base, from, to }: Drift): Float64Array {
  const all = counts.times[kind].of(base);
  const size = all.length / places.positions[kind];
  return Float64Array.from({ length: size }, (_, group) =>
    sum(Array.from({ length: to - from }, (__, p) => all[(from + p) * size + group] as number))
  );
}

/** Drifts where bases have spans as well as elsewhere, those of most first: at one position, or along a quarter of the ticks. */
function busiest(kind: DriftKind): Drift[] {
  const positions = places.positions[kind];
  const length = kind === 'ticks' ? Math.ceil(positions / 4) : 1;
  const found: Array<{ drift: Drift; spans: number }> = [];
  places.bases.forEach((own, base) => {
    const all = own === undefined || own.classes < 16 ? 0 : sum(plain.times[kind].of(base));
    for (let from = 0; all > 0 && from + length <= positions; from++) {
      const drift = { base, from, to: from + length, first: 6, second: 0 };
      const spans = sum(at(plain, kind, drift));
      if (spans < 0.5 * all) {
        found.push({ drift, spans });
      }
    }
  });
  return found.sort((one, other) => other.spans - one.spans).map(({ drift }) => drift);
}

/** How many of the busiest are tried: some hardly move, as the network is certain of them. */
const MOST_TRIED = 8;
/** Total variation by which a drift shows. */
const SHOWS = 0.25;

/** The busiest drift that shows, what is drawn with it, and how far that is from what is drawn without. */
async function shownBy(kind: DriftKind): Promise<{ drift: Drift; measured: MeasuredBins; off: number }> {
  for (const drift of busiest(kind).slice(0, MOST_TRIED)) {
    const measured = await drawnWith({ ...NO_DRIFTS, [kind]: [drift] });
    const off = distance(at(plain, kind, drift), at(measured, kind, drift));
    if (off > SHOWS) {
      return { drift, measured, off };
    }
  }
  throw new Error(`no drift in ${kind} shows`);
}

beforeAll(async () => {
  const batch = newTrainingBatch();
  shopTraces(800).forEach((trace) => batch.add(trace));
  const { bytes } = await trainOnColumns(batch.finish(), { epochs: 2, seed: 2, fidelityCard: false });
  const file = readModelFile(bytes);
  const model = await openModel(bytes);
  const { content } = model;
  const { sizes, onnx } = readNetworkSection(file.section('network'));
  const context = contextOf(content, sizes);
  input = { content, context, onnx: onnx as Uint8Array, seed: 1 };
  priors = readPriors(new ByteReader(file.optional('priors') as Uint8Array, 'priors'), content, context);
  places = new DriftPlaces(content, context);
  await model.close();
  bins = await openDrawnBins(input, MAX_BINS, { threads: 1 });
  plain = await drawnWith(NO_DRIFTS);
}, 120_000);
afterAll(async () => bins.close());

test.each(KINDS)(
  'what was measured otherwise in %s is drawn so',
  async (kind) => {
    const { drift, measured, off } = await shownBy(kind);
    /** What is left of the difference once it is set right by some kinds of drifts. */
    const left = async (kinds: readonly DriftKind[]): Promise<number> => {
      const corrected = await correctDraws(priors, { ...input, measured, kinds: new Set(kinds), signal: undefined });
      const after = await drawnWith(corrected.drifts, corrected.priors);
      return distance(at(after, kind, drift), at(measured, kind, drift));
    };
    expect((await left([kind])) / off).toBeLessThan(0.35);
    expect((await left([])) / off).toBeGreaterThan(0.4);
    // kinds that could say the same do not say it twice
    expect((await left(KINDS)) / off).toBeLessThan(0.35);
  },
  120_000
);
