// Worker threads and child processes run the bundled code, so it is rebuilt before the tests.
import { buildNode } from './build-node.mjs';

export default async function setup() {
  await buildNode();
}
