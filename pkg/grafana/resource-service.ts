/** @file CallResource: one answer, its status and headers in the first message, large bodies in several. */
import { create } from '@bufbuild/protobuf';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { grafana } from '../proto';
import { answerResource, type ResourceAnswer, resourceError } from './resources';
import { signalOf } from './rpc';
import type { PluginParts } from './server';
import { writer } from './stream-writer';

const MESSAGE_BYTES = 1024 * 1024;

function bytesOf({ body }: ResourceAnswer): Uint8Array {
  return body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body), 'utf8');
}

/** Answers a call; errors are answers, too. */
export async function callResource(
  parts: PluginParts,
  call: ServerWritableStream<grafana.CallResourceRequest, grafana.CallResourceResponse>
): Promise<void> {
  const signal = signalOf(call);
  const { pluginContext, path } = call.request;
  const answer = await parts.metrics
    .observe('callResource', () =>
      parts.instances.use(pluginContext, (instance) =>
        answerResource(instance, call.request, pluginContext?.user, signal)
      )
    )
    .catch(resourceError);
  if (answer.status >= 500) {
    parts.log.error('resource failed', { resource: path, answer: JSON.stringify(answer.body) });
  }
  const write = writer(call, signal);
  const headers = Object.entries({ 'Content-Type': 'application/json', ...answer.headers });
  const bytes = bytesOf(answer);
  for (let at = 0; at === 0 || at < bytes.length; at += MESSAGE_BYTES) {
    const first = {
      code: answer.status,
      headers: Object.fromEntries(
        headers.map(([name, value]) => [name, create(grafana.StringListSchema, { values: [value] })])
      ),
    };
    const body = bytes.subarray(at, at + MESSAGE_BYTES);
    await write(create(grafana.CallResourceResponseSchema, at === 0 ? { ...first, body } : { body }));
  }
  call.end();
}
