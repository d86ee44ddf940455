/** @file What stands for the real traces in a comparison: samplers, independent columns, other programs. */
export * from './types';
export { errorsAlways, headSample, headSampling } from './head-sampling';
export { independentColumns, independentTable } from './independent-columns';
export { externalDriver, parseDriver } from './external';
export { sizesOf } from './sizes';
