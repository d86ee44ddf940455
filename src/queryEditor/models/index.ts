/** @file The door of src/queryEditor/models. */
export { ModelsTab } from './ModelsTab';
