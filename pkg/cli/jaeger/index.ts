/** @file What `gent jaeger` is made of: Jaeger's query API, the download, the lines it writes. */
export { JaegerClient, type JaegerClientOptions, type MicroRange } from './client';
export { downloadTraces, type Downloaded, type DownloadOptions } from './download';
export { DownloadTarget, type LineForm, lineOf } from './target';
