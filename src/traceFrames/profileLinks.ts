/**
 * @file The link from a span to its profile. Grafana's trace view makes the links to logs and metrics of any data source
 * from its settings; the one to profiles it takes from the frame.
 */
import { type DataFrame, DataLinkConfigOrigin, type DataLink } from '@grafana/data';
import type { TraceToProfilesOptions } from '../types';

/** The data source that profiles are in, or undefined while there is none of that uid. */
export type FindDataSource = (uid: string) => { uid: string; name: string } | undefined;

/** The trace frame with the link on its tags, where the trace view looks for it. */
export function withProfileLink(
  frame: DataFrame,
  options: TraceToProfilesOptions | undefined,
  find: FindDataSource
): DataFrame {
  const target = options?.datasourceUid ? find(options.datasourceUid) : undefined;
  if (options === undefined || target === undefined) {
    return frame;
  }
  const link: DataLink = {
    // The trace view knows the link by this title.
    title: 'Related profiles',
    url: '',
    internal: {
      datasourceUid: target.uid,
      datasourceName: target.name,
      query: {
        refId: 'profile',
        queryType: 'profile',
        labelSelector: options.customQuery && options.query ? options.query : '{${__tags}}',
        groupBy: [],
        profileTypeId: options.profileTypeId ?? '',
        spanSelector: ['${__span.tags["pyroscope.profile.id"]}'],
      },
    },
    origin: DataLinkConfigOrigin.Datasource,
  };
  const fields = frame.fields.map((field) =>
    field.name === 'tags' ? { ...field, config: { ...field.config, links: [link] } } : field
  );
  return { ...frame, fields };
}
