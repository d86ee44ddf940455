/** @file The matched spans of each trace of a search: JSON from the backend → the frames that a table folds out. */
import { type DataFrame, type DataFrameJSON, dataFrameFromJSON, FieldType } from '@grafana/data';

/** The field in which the backend sends them: one list of frames a row. */
const FIELD = 'nested';

/** The frame with its nested frames in the type that Grafana's table shows. Other frames are returned as they are. */
export function withNestedFrames(frame: DataFrame): DataFrame {
  const nested = frame.fields.find((field) => field.name === FIELD && field.type === FieldType.other);
  if (nested === undefined) {
    return frame;
  }
  const values = nested.values.map((cell: DataFrameJSON[] | null) => (cell ?? []).map(dataFrameFromJSON));
  const fields = frame.fields.map((field) =>
    field === nested ? { ...field, type: FieldType.nestedFrames, values } : field
  );
  return { ...frame, fields };
}
