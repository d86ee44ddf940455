/** @file Reads OTLP/JSON attributes: KeyValue lists and the AnyValue in each. */
import { GentError, limit } from '../common';
import type { TraceAnomalies } from './anomalies';
import { type Interner, NO_ATTRIBUTES } from './intern';
import { asArray, asBoolean, asBytes, asDouble, asInt64, asObject, asString } from './json-values';
import { type AttributeValue, type KeyValue, KeyValueList } from './types';

/** Reads attributes into shared keys and values; counts into `anomalies`. */
export class OtlpJsonAttributes {
  private readonly maxDepth = limit('ATTRIBUTE_DEPTH');

  constructor(
    private readonly intern: Interner,
    private readonly anomalies: TraceAnomalies
  ) {}

  private readonly onInexact = (): void => {
    this.anomalies.inexactIntegers++;
  };

  /** A list of KeyValue. `depth`: how many values it is nested in. */
  attributes(value: unknown, depth = 0): readonly KeyValue[] {
    const raw = asArray(value, 'attributes');
    if (raw.length === 0) {
      return NO_ATTRIBUTES;
    }
    const attributes: KeyValue[] = new Array<KeyValue>(raw.length);
    for (let i = 0; i < raw.length; i++) {
      const item = asObject(raw[i], 'attributes[]') ?? {};
      if ((item.keyStrindex ?? item.key_strindex) !== undefined) {
        this.anomalies.profileReferences++;
      }
      attributes[i] = {
        key: this.intern.key(asString(item.key, 'attributes.key')),
        value: this.value(item.value, depth),
      };
    }
    return attributes;
  }

  private value(raw: unknown, depth: number): AttributeValue {
    const any = asObject(raw, 'value');
    if (any === undefined) {
      return null;
    }
    for (const kind in any) {
      const value = any[kind];
      if (value === null || value === undefined) {
        continue;
      }
      switch (kind) {
        case 'stringValue':
        case 'string_value':
          return this.intern.value(asString(value, 'stringValue'));
        case 'boolValue':
        case 'bool_value':
          return asBoolean(value, 'boolValue');
        case 'intValue':
        case 'int_value':
          return asInt64(value, 'intValue', this.onInexact);
        case 'doubleValue':
        case 'double_value':
          return asDouble(value, 'doubleValue');
        case 'bytesValue':
        case 'bytes_value':
          return asBytes(value, 'bytesValue');
        case 'arrayValue':
        case 'array_value': {
          const below = this.deeper(depth);
          return asArray(asObject(value, 'arrayValue')?.values, 'arrayValue.values').map((v) => this.value(v, below));
        }
        case 'kvlistValue':
        case 'kvlist_value':
          return new KeyValueList(this.attributes(asObject(value, 'kvlistValue')?.values, this.deeper(depth)));
        case 'stringValueStrindex':
        case 'string_value_strindex':
          this.anomalies.profileReferences++;
          break;
        default:
      }
    }
    return null;
  }

  private deeper(depth: number): number {
    if (depth >= this.maxDepth) {
      throw new GentError(
        'LIMIT_EXCEEDED',
        `an attribute value is nested deeper than ATTRIBUTE_DEPTH (${this.maxDepth})`
      );
    }
    return depth + 1;
  }
}
