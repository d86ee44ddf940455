/** @file A search in parts: the one way is in pkg/query. */
export { searchInParts, stretches } from '../query';
