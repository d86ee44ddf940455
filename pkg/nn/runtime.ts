/** @file Loads ONNX Runtime when it is first needed: the native build, or WebAssembly. */
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common';
import { GentError } from '../common';
import type { Runtime } from './types';

/** What this room uses of onnxruntime-node and onnxruntime-web (both implement onnxruntime-common). */
export interface OrtModule {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: {
    new (type: 'uint8', data: Uint8Array, dims: readonly number[]): TypedTensor<'uint8'>;
    new (type: 'int8', data: Int8Array, dims: readonly number[]): TypedTensor<'int8'>;
    new (type: 'int32', data: Int32Array, dims: readonly number[]): TypedTensor<'int32'>;
    new (type: 'float32', data: Float32Array, dims: readonly number[]): TypedTensor<'float32'>;
  };
  readonly env: { wasm: { numThreads?: number } };
}
export type { InferenceSession, Tensor };

const loaded = new Map<Runtime, Promise<OrtModule>>();

async function load(runtime: Runtime): Promise<OrtModule> {
  try {
    if (runtime === 'native') {
      return (await import('onnxruntime-node')) as unknown as OrtModule;
    }
    const ort = (await import('onnxruntime-web')) as unknown as OrtModule;
    // One thread: more need workers that keep the process alive, and the networks are small.
    ort.env.wasm.numThreads = 1;
    return ort;
  } catch (error) {
    const name = runtime === 'native' ? 'onnxruntime-node' : 'onnxruntime-web';
    throw new GentError('NN_RUNTIME_MISSING', `${name} does not load: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * ONNX Runtime of a kind; loaded once a thread.
 * @throws GentError NN_RUNTIME_MISSING when its package is not installed or does not run here
 */
export function loadRuntime(runtime: Runtime): Promise<OrtModule> {
  let module = loaded.get(runtime);
  if (module === undefined) {
    module = load(runtime);
    loaded.set(runtime, module);
  }
  return module;
}

/**
 * Session settings: one thread by default, since two intra-op threads gain little on small layers, lose much on a busy
 * machine, and race in ScatterND.
 */
export function sessionOptions(runtime: Runtime, threads = 1): InferenceSession.SessionOptions {
  return {
    // Named, since both packages register with one onnxruntime-common where both are loaded.
    executionProviders: [runtime === 'native' ? 'cpu' : 'wasm'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  };
}
