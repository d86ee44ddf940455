/** @file The door of pkg/fidelity: how well one set of traces stands for another. */
export { fidelityCard, FidelityCardBuilder, type FidelityCard } from './card';
export { clockOf } from './clock';
export { compareDriver, halfVersusHalf, type CompareOptions, type ComparisonRow } from './compare';
export * from './drivers';
export { Evaluator, type EvaluateOptions, type Fidelity } from './evaluate';
export { type IncidentLabel, type IncidentRecall, incidentRecaller, parseIncidentLabels } from './incidents';
export { MEASURES, type Measure, type Spread, spreadOf, summarise } from './measures';
export { durationQuantiles, profileOf, type Profile, type ServiceProfile } from './profile';
export { queries, type Queries, type QueryMeasure } from './queries';
export { type EvaluationReport, keptBytes, reportHtml } from './report';
export { hashText, newVocabulary, type SpanTable, spanTable } from './span-table';
export { type RocCurve, seededUniform, type TwoSample, type TwoSampleTests } from './two-sample';
export type { Vocabulary } from './vocabulary';
