/** @file The fidelity card of a model: the measures cheap enough to take whenever a model is trained. */
import { limit } from '../common';
import type { Trace } from '../trace';
import type { ModelError } from '../traceql';
import { answerErrors } from './answer-errors';
import { clockOf } from './clock';
import { totalVariation } from './distance';
import { queries } from './queries';
import { red } from './red';
import { type SpanTable, SpanTableBuilder, newVocabulary, subset } from './span-table';
import { spearmanDiff } from './spearman';
import { copying, edgesOf } from './structure';

/** Templates of the card: spans over time, durations and attribute values. */
const TEMPLATES = [5, 7, 8] as const;

/**
 * How close generated traces are to those a model was trained on. Everything but `version` and the numbers of traces
 and the errors of answers
 * lies in 0 … 1, 0 being best; docs/fidelity.md defines each. null = does not apply.
 */
export interface FidelityCard {
  readonly version: 1;
  /** Real and generated traces compared. */
  readonly realTraces: number;
  readonly generatedTraces: number;
  /** Mean distance of the query templates 5, 7 and 8: spans over time by service, durations, attribute values. */
  readonly queryError: number;
  /** Rates and durations over time; `red.redError`. */
  readonly redError: number;
  /** Mean relative error by service. */
  readonly durationP50: number;
  readonly durationP99: number;
  /** Total variation of parent operation → child operation. */
  readonly edgeTV: number;
  readonly spearmanDiff: number | null;
  /** Share of the generated traces of two spans or more that equal a real one to the microsecond. */
  readonly copiedMultiSpan: number | null;
  /** Errors of answers over short times, by kind of answer; null where there is too little to compare. */
  readonly answerErrors: ModelError | null;
}

function thinned(table: SpanTable, stride: number): SpanTable {
  if (stride === 1) {
    return table;
  }
  return subset(
    table,
    Array.from({ length: Math.ceil(table.traces / stride) }, (_, i) => i * stride)
  );
}

/**
 * Collects the real traces as they stream by (about 60 bytes a span), then measures generated ones against them.
 * @example
 * const builder = new FidelityCardBuilder();
 * for await (const trace of traces) { batch.add(trace); builder.add(trace); }
 * const card = await builder.measure(generated);
 */
export class FidelityCardBuilder {
  private readonly vocabulary = newVocabulary();
  private readonly real = new SpanTableBuilder(this.vocabulary);

  add(trace: Trace): void {
    this.real.add(trace);
  }

  /**
   * Measures once; null when either side has no traces. Takes some 4 µs a span.
   * @param generated - the traces, or what gives every so many-th of them, so that the others need not be generated
   */
  async measure(
    generated:
      Iterable<Trace> | AsyncIterable<Trace> | ((everySoMany: number) => Iterable<Trace> | AsyncIterable<Trace>)
  ): Promise<FidelityCard | null> {
    const all = this.real.finish();
    const stride = Math.max(1, Math.ceil(all.spans / limit('FIDELITY_CARD_SPANS')));
    const thinnedAlready = typeof generated === 'function';
    const builder = new SpanTableBuilder(this.vocabulary);
    let seen = 0;
    for await (const trace of thinnedAlready ? generated(stride) : generated) {
      if (thinnedAlready || seen % stride === 0) {
        builder.add(trace);
      }
      seen += 1;
    }
    const real = thinned(all, stride);
    const other = builder.finish();
    if (real.traces === 0 || other.traces === 0) {
      return null;
    }
    const clock = clockOf(real);
    const rates = red(real, other, clock);
    return {
      version: 1,
      realTraces: real.traces,
      generatedTraces: other.traces,
      queryError: queries(real, other, clock, TEMPLATES).correctedMean ?? 0,
      redError: rates.redError,
      durationP50: rates.durationP50,
      durationP99: rates.durationP99,
      edgeTV: totalVariation(edgesOf(real), edgesOf(other)),
      spearmanDiff: spearmanDiff(real, other),
      copiedMultiSpan: copying(real, other).copiedMultiSpan,
      answerErrors: answerErrors(real, other, clock) ?? null,
    };
  }
}

/** The card of traces that are all at hand; see {@link FidelityCardBuilder} for a stream. null when a side is empty. */
export async function fidelityCard(
  real: Iterable<Trace> | AsyncIterable<Trace>,
  generated: Iterable<Trace> | AsyncIterable<Trace>
): Promise<FidelityCard | null> {
  const builder = new FidelityCardBuilder();
  for await (const trace of real) {
    builder.add(trace);
  }
  return builder.measure(generated);
}
