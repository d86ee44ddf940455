/** @file Which functions ask nothing of spans that a model draws: every generated answer to them is that of the real traces. */
import type { AttributeRef, Stage } from './ast';
import type { Intrinsic } from './intrinsics';
import { mentionedIn } from './mentions';

/** What a model keeps exactly of every span: its place in the shape of its trace, and its class. */
const KEPT: ReadonlySet<Intrinsic> = new Set([
  'name',
  'status',
  'kind',
  'rootName',
  'rootServiceName',
  'span:childCount',
  'nestedSetLeft',
  'nestedSetRight',
  'nestedSetParent',
]);

function isKept({ scope, name, intrinsic }: AttributeRef): boolean {
  return intrinsic === undefined ? scope === 'resource' && name === 'service.name' : KEPT.has(intrinsic);
}

/** Whether stages, and groups, look at nothing but the shapes of traces and the classes of their spans. */
export function asksKnownOnly(stages: readonly Stage[], by: readonly AttributeRef[]): boolean {
  return [...mentionedIn(stages), ...by].every(isKept);
}
