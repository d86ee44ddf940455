/** @file The door of pkg/grafana: GenT as the backend of a Grafana data source. */
export * from './frames';
export { describeHealth, type Health } from './health';
export type { Backend, EngineFactory, Instance, InstanceContext } from './instances';
export { openEngine } from './open-engine';
export { runPlugin } from './plugin';
export { type PluginQuery, parseQueryModel, type RawQuery } from './query-model';
export { remoteEngine } from './remote';
export { serviceDefinition } from './service';
export { type InstanceSettings, parseSettings } from './settings';
