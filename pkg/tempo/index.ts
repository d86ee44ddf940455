/** @file The door of pkg/tempo: Tempo's API over an engine, HTTP and gRPC. */
export { type AccessCheck, tokenAccess, tokenFileAccess } from './access';
export { instantJson, rangeJson, scopesJson, searchJson, tagValuesJson } from './json';
export { listenTempo, tempoServer, type TempoServerOptions } from './server';
