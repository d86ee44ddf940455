/** @file How every part of the settings editor changes them. */
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import type { GenTOptions, GenTSecureOptions } from '../types';

export type SettingsProps = DataSourcePluginOptionsEditorProps<GenTOptions, GenTSecureOptions>;

/** The settings without its secrets, and functions that change them. */
export function useSettings({ options, onOptionsChange }: SettingsProps) {
  const { jsonData, secureJsonFields } = options;
  return {
    jsonData,
    update: (change: Partial<GenTOptions>) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...change } }),
    isSecretSet: (key: keyof GenTSecureOptions) => Boolean(secureJsonFields?.[key]),
    setSecret: (key: keyof GenTSecureOptions, value: string) =>
      onOptionsChange({ ...options, secureJsonData: { ...options.secureJsonData, [key]: value } }),
    resetSecret: (key: keyof GenTSecureOptions) =>
      onOptionsChange({
        ...options,
        secureJsonFields: { ...secureJsonFields, [key]: false },
        secureJsonData: { ...options.secureJsonData, [key]: '' },
      }),
  };
}

export type Settings = ReturnType<typeof useSettings>;
