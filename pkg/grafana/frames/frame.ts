/**
 * @file Data frames as Grafana's backend knows them: typed columns with metadata.
 * Source: grafana-plugin-sdk-go data/frame.go, data/frame_meta.go and data/field_config.go (v0.287.0).
 */

/** A document that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * The columns Grafana accepts, and the JavaScript values that fill them. `time` is ns since the Unix epoch;
 * `int64` is exact on the wire, though a browser reads it as a double; each cell of `json` is one document.
 */
export interface ColumnTypes {
  string: string;
  number: number;
  int32: number;
  int64: bigint;
  boolean: boolean;
  time: bigint;
  json: Json;
}

/** A link of a field. Templates such as `${__value.raw}` are filled in by the browser. */
export interface DataLink {
  readonly title: string;
  readonly url: string;
  readonly internal?: {
    readonly datasourceUid: string;
    readonly datasourceName: string;
    readonly query: { readonly [key: string]: Json };
    readonly panelsState?: { readonly [key: string]: Json };
  };
}

/** Display of a field: the part of Grafana's FieldConfig that is used here. */
export interface FieldConfig {
  readonly displayName?: string;
  readonly displayNameFromDS?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly max?: number;
  readonly mappings?: ReadonlyArray<{ readonly [key: string]: Json }>;
  readonly links?: readonly DataLink[];
  readonly color?: { readonly mode: 'fixed'; readonly fixedColor: string };
  readonly custom?: { readonly [key: string]: Json | undefined };
}

interface FieldOf<K extends keyof ColumnTypes> {
  readonly name: string;
  readonly type: K;
  /** null (or a missing entry) is a null cell. */
  readonly values: ReadonlyArray<ColumnTypes[K] | null | undefined>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly config?: FieldConfig;
}

/** One column. All columns of a frame have the same length. */
export type Field = { [K in keyof ColumnTypes]: FieldOf<K> }[keyof ColumnTypes];

/** A remark that Grafana shows beside the panel. Other severities make Grafana refuse the whole answer. */
export interface FrameNotice {
  readonly severity: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly link?: string;
}

/** Grafana's FrameMeta; what it does not know it drops, so own data goes into `custom`. */
export interface FrameMeta {
  readonly type?: 'timeseries-multi' | 'timeseries-wide' | 'numeric-long' | 'numeric-multi';
  readonly typeVersion?: readonly [number, number];
  readonly preferredVisualisationType?: 'graph' | 'table' | 'trace' | 'nodeGraph';
  readonly preferredVisualisationPluginId?: string;
  readonly executedQueryString?: string;
  readonly dataTopic?: 'annotations';
  readonly notices?: readonly FrameNotice[];
  readonly stats?: ReadonlyArray<{ displayName: string; unit?: string; value: number }>;
  readonly uniqueRowIdFields?: readonly number[];
  readonly custom?: { readonly [key: string]: Json | undefined };
}

/** A table of named columns. */
export interface Frame {
  readonly name: string;
  readonly refId?: string;
  readonly fields: readonly Field[];
  readonly meta?: FrameMeta;
}

/** The frame with these notices after its own. */
export function withNotices(frame: Frame, notices: readonly FrameNotice[]): Frame {
  return notices.length === 0
    ? frame
    : { ...frame, meta: { ...frame.meta, notices: [...(frame.meta?.notices ?? []), ...notices] } };
}

/** The number of rows of a frame; 0 when it has no columns. */
export function frameRows(frame: Frame): number {
  return frame.fields[0]?.values.length ?? 0;
}
