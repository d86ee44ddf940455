/** @file What a report is made of; also what `gent evaluate --json` prints. */
import type { ComparisonRow } from '../compare';
import type { Sizes } from '../drivers';
import type { Fidelity } from '../evaluate';
import type { IncidentRecall } from '../incidents';
import type { Profile } from '../profile';

export interface EvaluationReport {
  readonly real: { readonly file: string; readonly traces: number; readonly spans: number; readonly sizes?: Sizes };
  /** Attributes that the queries look at. */
  readonly attributes: readonly string[];
  /** What was asked about first, then what it is compared with. */
  readonly rows: readonly ComparisonRow[];
  /** One random half of the real traces against the other. */
  readonly halfVersusHalf?: Fidelity | undefined;
  /** Of the first row. */
  readonly profile?: Profile | undefined;
  /** By row, where incidents are labelled; of its first seed. */
  readonly incidents?: ReadonlyArray<IncidentRecall & { readonly name: string }> | undefined;
  /** How often 95% intervals hold, where it was measured: of sampling alone the generated answers, whole ones the real. */
  readonly intervals?:
    | {
        readonly generated: { readonly samples: number; readonly coverage: number };
        readonly real: { readonly samples: number; readonly coverage: number } | null;
      }
    | undefined;
}

/** Bytes kept in place of the real traces; null where unknown. */
export function keptBytes(sizes: Sizes): number | null {
  return sizes.model ?? sizes.gzip;
}
