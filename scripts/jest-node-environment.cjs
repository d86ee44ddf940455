// Jest's Node environment with the typed arrays of the process: native add-ons (ONNX Runtime) make arrays of the
// process, and code in Jest's sandbox would not recognise them (jestjs/jest#7780).
const { TestEnvironment } = require('jest-environment-node');

const SHARED = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

module.exports = class extends TestEnvironment {
  constructor(...args) {
    super(...args);
    for (const name of SHARED) {
      this.global[name] = globalThis[name];
    }
  }
};
