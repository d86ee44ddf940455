/** @file The door of pkg/tempo: Tempo's HTTP API over an engine. */
export { instantJson, rangeJson, scopesJson, searchJson, tagValuesJson } from './json';
export { listenTempo, tempoServer, type TempoServerOptions } from './server';
