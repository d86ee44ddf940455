/** @file The door of src/streaming. */
export { streamSearch } from './searchStream';
