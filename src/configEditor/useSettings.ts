/** @file How every part of the settings editor changes them. */
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import type { GenTOptions, GenTSecureOptions } from '../types';

export type SettingsProps = DataSourcePluginOptionsEditorProps<GenTOptions, GenTSecureOptions>;

/** The settings without its secrets, and functions that change them. */
export function useSettings({ options, onOptionsChange }: SettingsProps) {
  const { jsonData, secureJsonFields } = options;
  /** The fields that empty secrets: Grafana deletes what is set to an empty text. */
  const without = (keys: ReadonlyArray<keyof GenTSecureOptions>) => ({
    secureJsonFields: { ...secureJsonFields, ...Object.fromEntries(keys.map((key) => [key, false])) },
    secureJsonData: { ...options.secureJsonData, ...Object.fromEntries(keys.map((key) => [key, ''])) },
  });
  return {
    jsonData,
    basicAuth: { enabled: options.basicAuth ?? false, user: options.basicAuthUser ?? '' },
    /** Changes basic authentication, and empties secrets that do not go with it. */
    setBasicAuth: (
      { enabled, user }: { enabled?: boolean; user?: string },
      emptied: ReadonlyArray<keyof GenTSecureOptions> = []
    ) =>
      onOptionsChange({
        ...options,
        ...(emptied.length === 0 ? {} : without(emptied)),
        ...(enabled === undefined ? {} : { basicAuth: enabled }),
        ...(user === undefined ? {} : { basicAuthUser: user }),
      }),
    /** Changes settings and empties secrets at once. */
    forget: (change: Partial<GenTOptions>, emptied: ReadonlyArray<keyof GenTSecureOptions>) =>
      onOptionsChange({ ...options, jsonData: { ...jsonData, ...change }, ...without(emptied) }),
    update: (change: Partial<GenTOptions>) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...change } }),
    isSecretSet: (key: keyof GenTSecureOptions) => Boolean(secureJsonFields?.[key]),
    setSecret: (key: keyof GenTSecureOptions, value: string) =>
      onOptionsChange({ ...options, secureJsonData: { ...options.secureJsonData, [key]: value } }),
    resetSecret: (key: keyof GenTSecureOptions) => onOptionsChange({ ...options, ...without([key]) }),
  };
}

export type Settings = ReturnType<typeof useSettings>;
