/** @file What Grafana loads: the data source and its editors. */
import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './configEditor/ConfigEditor';
import { GenTDataSource } from './datasource';
import { CheatSheet } from './queryEditor/CheatSheet';
import { QueryEditor } from './queryEditor/QueryEditor';
import type { GenTOptions, GenTQuery, GenTSecureOptions } from './types';

export const plugin = new DataSourcePlugin<GenTDataSource, GenTQuery, GenTOptions, GenTSecureOptions>(GenTDataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor)
  .setQueryEditorHelp(CheatSheet);
