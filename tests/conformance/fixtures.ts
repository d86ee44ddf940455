/** @file Reads the fixtures of the cases, and turns answers into the form in which the cases expect them. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { newReadContext, spansFromOtlpJson, type AttributeValue, type Trace } from '../../pkg/trace';

/** Cases of this project. */
export const OURS = path.join(__dirname, 'ours');
/** Cases taken from Tempo's tests: run where they are, never copied. */
export const DERIVED = path.resolve(__dirname, '../../../shared/conformance/tempo-derived');

/** Runs the block where the derived cases are present; says so in the title where they are not. */
export function describeDerived(title: string, block: () => void): void {
  if (existsSync(DERIVED)) {
    describe(`${title} (derived from Tempo's tests)`, block);
  } else {
    describe.skip(`${title} (derived from Tempo's tests: not present, skipped)`, block);
  }
}

export function readCases<T>(dir: string, file: string): T {
  return JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as T;
}

/** The traces of a fixture file: plain OTLP/JSON, one document a trace, in the order of the file. */
export function readFixture(dir: string, name: string): Trace[] {
  const { traces } = readCases<{ traces: unknown[] }>(path.join(dir, 'fixtures'), `${name}.json`);
  return traces.map((document) => {
    const spans = spansFromOtlpJson(document, newReadContext());
    return { traceId: spans[0]?.traceId ?? '', spans };
  });
}

/** A value as OTLP/JSON writes it, which is how the cases write labels and attributes. */
export function toAnyValue(value: AttributeValue): unknown {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'bigint':
      return { intValue: value.toString() };
    case 'number':
      return { doubleValue: value };
    default:
      return Array.isArray(value) ? { arrayValue: { values: (value as AttributeValue[]).map(toAnyValue) } } : {};
  }
}
