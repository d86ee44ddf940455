/** @file Services of protobuf-es descriptors, served and called with grpc-js. */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

function serialize<T extends DescMessage>(schema: T): (message: MessageShape<T>) => Buffer {
  return (message) => {
    const bytes = toBinary(schema, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

/** The definition grpc-js wants; methods are named as in the .proto file. */
export function serviceDefinition<M extends GenServiceMethods>(service: GenService<M>): ServiceDefinition {
  const definition: Record<string, MethodDefinition<unknown, unknown>> = {};
  for (const method of service.methods) {
    const { input, output } = method;
    definition[method.name] = {
      path: `/${service.typeName}/${method.name}`,
      requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
      responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
      requestSerialize: serialize(input) as (message: unknown) => Buffer,
      requestDeserialize: (bytes) => fromBinary(input, bytes),
      responseSerialize: serialize(output) as (message: unknown) => Buffer,
      responseDeserialize: (bytes) => fromBinary(output, bytes),
    };
  }
  return definition;
}
