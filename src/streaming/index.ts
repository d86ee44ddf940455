/** @file The door of src/streaming. */
export { streamAnswer, type StreamKind } from './answerStream';
