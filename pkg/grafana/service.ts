/** @file Services of protobuf-es descriptors, served and called with grpc-js: the one way is in pkg/proto. */
export { serviceDefinition } from '../proto';
