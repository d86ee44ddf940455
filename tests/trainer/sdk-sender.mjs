// Sends ten traces of two spans with OpenTelemetry's own SDK and exporters: node sdk-sender.mjs URL protobuf|json|grpc gzip|none
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const [url, encoding, compression] = process.argv.slice(2);
const Exporter = { protobuf: ProtobufExporter, json: JsonExporter, grpc: GrpcExporter }[encoding];
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'sdk-test' }),
  spanProcessors: [new BatchSpanProcessor(new Exporter({ url, compression }))],
});
const tracer = provider.getTracer('sdk-test', '1.0');
for (let i = 0; i < 10; i++) {
  const parent = tracer.startSpan(
    'parent',
    { kind: SpanKind.SERVER, attributes: { i, list: ['a', 'b'] } },
    ROOT_CONTEXT
  );
  const child = tracer.startSpan(
    'child',
    { links: [{ context: parent.spanContext() }] },
    trace.setSpan(ROOT_CONTEXT, parent)
  );
  child.recordException(new Error('boom'));
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'boom' });
  child.end();
  parent.end();
}
await provider.forceFlush();
await provider.shutdown();
