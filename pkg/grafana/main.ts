/** @file Entry of the plugin's backend (dist/backend.cjs): answers from a store of models, or from an address. */
import { openEngine } from './open-engine';
import { runPlugin } from './plugin';

void runPlugin(openEngine);
