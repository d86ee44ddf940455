/** @file The door of pkg/fidelity: how well one set of traces stands for another. */
export { fidelityCard, FidelityCardBuilder, type FidelityCard } from './card';
export { Evaluator, type EvaluateOptions, type Fidelity } from './evaluate';
export { headSample, sampledBytes } from './sampling';
export { newVocabulary, type SpanTable, spanTable } from './span-table';
export type { Vocabulary } from './vocabulary';
export type { RocCurve, TwoSample, TwoSampleTests } from './two-sample';
