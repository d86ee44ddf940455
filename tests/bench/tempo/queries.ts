/** @file The questions of the comparison with Tempo: a few typical ones that are timed, and more whose answers alone are compared. */

/** [what, query] of searches that are timed. */
export const TIMED_SEARCHES: ReadonlyArray<readonly [string, string]> = [
  ['filter', '{ resource.service.name = "currencyservice" && duration > 5ms }'],
  ['structural', '{ resource.service.name = "frontend" } >> { resource.service.name = "adservice" && duration > 5ms }'],
  ['aggregate', '{ resource.service.name = "productcatalogservice" } | avg(duration) > 2ms'],
];

/** [what, query] of metrics queries that are timed. */
export const TIMED_METRICS: ReadonlyArray<readonly [string, string]> = [
  ['by', '{ } | rate() by (resource.service.name, name)'],
  ['quantile', '{ } | quantile_over_time(duration, .5, .9, .99) by (resource.service.name)'],
];

/** Searches whose sets of traces are compared. */
export const COMPARED_SEARCHES: readonly string[] = [
  '{ status = error }',
  '{ status != unset || kind = server }',
  '{ name =~ ".*GetCart.*" && duration > 1ms }',
  '{ resource.service.name !~ "frontend|cartservice" && duration >= 20ms }',
  '{ nestedSetParent < 0 && duration > 100ms }',
  '{ span:childCount > 3 }',
  '{ traceDuration > 200ms && rootServiceName = "frontend" }',
  '{ rootName = name && duration < 10ms }',
  '{ resource.service.name = "frontend" } > { resource.service.name = "checkoutservice" }',
  '{ resource.service.name = "cartservice" } << { resource.service.name = "frontend" }',
  '{ resource.service.name = "adservice" } ~ { resource.service.name = "currencyservice" }',
  '{ resource.service.name = "frontend" } !>> { resource.service.name = "adservice" }',
  '{ resource.service.name = "cartservice" } && { resource.service.name = "adservice" }',
  '{ resource.service.name = "currencyservice" } | count() > 5',
  '{ } | by(resource.service.name) | count() > 20',
  '{ resource.service.name = "frontend" } | max(duration) > 150ms',
  '{ .no.such.attribute != nil }',
  '{ duration > 3ms && duration < 4ms } | select(name, resource.service.name)',
];

/** Metrics queries whose samples are compared. */
export const COMPARED_METRICS: readonly string[] = [
  '{ nestedSetParent < 0 } | rate() by (rootName)',
  '{ status = error } | count_over_time() by (resource.service.name)',
  '{ resource.service.name = "frontend" } | avg_over_time(duration) by (name)',
  '{ } | max_over_time(duration) by (resource.service.name)',
  '{ } | min_over_time(duration)',
  '{ kind = server } | sum_over_time(duration) by (resource.service.name)',
  '{ } | histogram_over_time(duration) by (resource.service.name)',
  '{ } | rate() by (resource.service.name) | topk(3)',
  '{ } | rate() by (resource.service.name) > 1',
  '({ duration > 5ms } | rate()) / ({ } | rate())',
];
