/** @file The training graph of a network: a batch and the (quantised) parameters in, the loss and its gradients out. */
import { Graph } from './autodiff';
import { ACTIVATION_TOP, ZERO_POINT } from './integer';
import type { Layout } from './layout';
import { ELEMENT, encodeModel } from './onnx';
import { add, linearOfWhole, quantiseActivation, softmaxCrossEntropy } from './ops';

/** What a graph can be asked for. */
export interface TrainingGraphOptions {
  /** Rows have weights of their own: input `weights` is [n × 1], else [1 × 1]. */
  readonly weighted: boolean;
  /** Rows have logits of their own that those of the network are added to (input `prior`). */
  readonly prior: boolean;
  /** Give the gradients too: of the embeddings in `x` as `dx`, of layer i as `dw<i>` and `db<i>`. */
  readonly gradients: boolean;
}

/**
 * ONNX bytes of the graph. Inputs: `x` u8 [n × width], less 128; `targets` int32 [n × 1]; `weights`; `prior` float
 * [n × classes] where there is one; of each layer the weights as codes `q<i>` s8, what a code of each channel is worth
 * `s<i>` float, and `b<i>` float. Outputs: `loss` (the weighted sum) and the gradients.
 *
 * Forwards all is computed from codes, in whole numbers; backwards from the same numbers as float32.
 */
export function encodeTrainingGraph(layout: Layout, options: TrainingGraphOptions): Uint8Array {
  const graph = new Graph();
  const bytes = graph.input('x', ['n', layout.width], 'uint8');
  const zeroPoint = graph.constant('zero', { type: 'uint8', dims: [], data: Uint8Array.of(ZERO_POINT) });
  const input = graph.emit('DequantizeLinear', [bytes, graph.scalar(1), zeroPoint], bytes.dims);
  const parameters = layout.layers.map(({ inputs, outputs }, index) => {
    const codes = graph.input(`q${index}`, [inputs, outputs], 'int8');
    const steps = graph.input(`s${index}`, [outputs]);
    const weights = graph.emit('DequantizeLinear', [codes, steps], codes.dims, { axis: 1 });
    return { codes, steps, weights, bias: graph.input(`b${index}`, [outputs]) };
  });
  let x = input;
  parameters.forEach(({ weights, bias, codes, steps }, index) => {
    const first = index === 0;
    const whole = {
      x: first ? bytes : graph.emit('Cast', [x], x.dims, { to: ELEMENT.uint8 }),
      zero: first ? ZERO_POINT : 0,
      weights: codes,
      steps,
    };
    x = linearOfWhole(graph, whole, x, weights, bias, first ? layout.embedded : undefined);
    if (index < parameters.length - 1) {
      x = quantiseActivation(graph, x, ACTIVATION_TOP);
    }
  });
  if (options.prior) {
    x = add(graph, x, graph.input('prior', ['n', layout.layers[layout.layers.length - 1]?.outputs as number]));
  }
  const targets = graph.input('targets', ['n', 1], 'int32');
  const weights = graph.input('weights', options.weighted ? ['n', 1] : [1, 1]);
  const loss = softmaxCrossEntropy(graph, x, targets, weights);
  const embeddings = layout.embedded > 0 ? [input] : [];
  const wanted = [...embeddings, ...parameters.flatMap((layer) => [layer.weights, layer.bias])];
  const names = [...embeddings.map(() => 'dx'), ...parameters.flatMap((_, index) => [`dw${index}`, `db${index}`])];
  const gradients = options.gradients ? graph.gradients(loss, wanted) : [];
  graph.output('loss', loss);
  gradients.forEach((gradient, index) => {
    if (gradient !== undefined) {
      graph.output(names[index] as string, gradient);
    }
  });
  return encodeModel(graph.model());
}
