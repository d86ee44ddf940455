declare module 'js-yaml' {
  /** Every document of a text. @throws YAMLException where it is no YAML, or a key stands twice */
  export function loadAll(text: string): unknown[];
}
