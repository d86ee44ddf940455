/** @file The tag cases: names and values of attributes of the spans that match a query, which may be incomplete. */
import { compileTagNames, compileTagValues, parseIncomplete, parseTagName, type AttributeRef } from '../../pkg/traceql';
import { OURS, readCases, readFixture } from './fixtures';

interface TagCase {
  id: string;
  kind: 'tagvalues' | 'tagnames';
  fixture: string;
  query: string;
  tag?: string;
  scope?: string;
  expect: Array<{ type?: string; value?: string }> | Record<string, string[]>;
}

/** Names of events are listed for filtered spans too: a line of docs/traceql.md. */
const DIFFERENT = new Set(['tn085']);

// The cases hold what one block of storage knows; statuses, kinds, durations and ids are answered otherwise over HTTP.
function answeredOtherwise(tag: AttributeRef): boolean {
  const name = tag.intrinsic ?? '';
  return [
    'status',
    'kind',
    'duration',
    'traceDuration',
    'event:timeSinceStart',
    'trace:id',
    'span:id',
    'span:parentID',
  ].includes(name);
}

describe('tags', () => {
  const { cases } = readCases<{ cases: TagCase[] }>(OURS, 'tag_cases.json');
  const traces = readFixture(OURS, 'suite1');

  it('lists the names of every case', () => {
    const names = cases.filter((one) => one.kind === 'tagnames' && !DIFFERENT.has(one.id));
    const failures: string[] = [];
    for (const one of names) {
      const collector = compileTagNames(parseIncomplete(one.query));
      traces.forEach((trace) => {
        collector.observe(trace);
      });
      const got = Object.entries(collector.result()).filter(
        ([scope, list]) => list.length > 0 && (one.scope === 'none' || one.scope === scope)
      );
      const wanted = Object.entries(one.expect as Record<string, string[]>).sort();
      if (JSON.stringify(got.sort()) !== JSON.stringify(wanted)) {
        failures.push(`${one.id} ${one.query}\n  got ${JSON.stringify(got)}\n  expected ${JSON.stringify(wanted)}`);
      }
    }
    expect(failures).toEqual([]);
    expect(names.length).toBe(9);
  });

  it('lists the values of every case', () => {
    const failures: string[] = [];
    let passed = 0;
    for (const one of cases.filter(({ kind }) => kind === 'tagvalues')) {
      const tag = parseTagName(one.tag ?? '');
      if (answeredOtherwise(tag)) {
        continue;
      }
      const collector = compileTagValues(parseIncomplete(one.query), tag);
      traces.forEach((trace) => {
        collector.observe(trace);
      });
      const order = (list: Array<{ type?: string; value?: string }>) =>
        list.map(({ type, value }) => `${type ?? ''} ${value ?? ''}`).sort();
      const got = order(collector.result());
      const wanted = order(one.expect as Array<{ type?: string; value?: string }>);
      if (JSON.stringify(got) !== JSON.stringify(wanted)) {
        failures.push(`${one.id} ${one.query} ${one.tag ?? ''}\n  got ${got.join()}\n  expected ${wanted.join()}`);
      } else {
        passed++;
      }
    }
    expect(failures).toEqual([]);
    expect(passed).toBe(41);
  });
});
