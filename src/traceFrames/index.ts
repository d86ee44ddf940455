/** @file The door of src/traceFrames: what the browser adds to the backend's frames. */
import type { DataFrame } from '@grafana/data';
import type { GenTOptions } from '../types';
import { withNestedFrames } from './nestedFrames';
import { nodeGraphFrames } from './nodeGraph';
import { type FindDataSource, withProfileLink } from './profileLinks';

/** The frames of an answer with nested tables, and for a trace the links and the node graph that the settings ask for. */
export function completeFrames(frames: readonly DataFrame[], options: GenTOptions, find: FindDataSource): DataFrame[] {
  return frames.flatMap((frame) => {
    if (frame.meta?.preferredVisualisationType !== 'trace') {
      return [withNestedFrames(frame)];
    }
    const trace = withProfileLink(frame, options.tracesToProfiles, find);
    return options.nodeGraph?.enabled && frame.length > 0 ? [trace, ...nodeGraphFrames(trace)] : [trace];
  });
}
