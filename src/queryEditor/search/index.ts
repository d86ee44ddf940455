/** @file The door of src/queryEditor/search: the search builder. */
export { DEFAULT_FIELDS, filtersOf, freshId } from './fields';
export { SearchTab } from './SearchTab';
export { TagRows } from './TagRows';
