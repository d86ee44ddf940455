/** @file The XML that S3 answers with: pages of a listing, and errors. Bytes from outside: anything may be missing or wrong. */
import { parseXml, XmlElement } from '@rgrove/parse-xml';

/** One object of a listing. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  readonly modifiedUnixMs: number;
}

/** A page of ListObjectsV2. */
export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name);

const textOf = (element: XmlElement, name: string): string => childrenOf(element, name)[0]?.text.trim() ?? '';

function rootOf(xml: string, name: string): XmlElement | undefined {
  try {
    const { root } = parseXml(xml);
    return root?.name === name ? root : undefined;
  } catch {
    return undefined;
  }
}

/** @returns undefined when it is no page of a listing, or one that says neither that it ends nor where it goes on */
export function parseListPage(xml: string): ListPage | undefined {
  const root = rootOf(xml, 'ListBucketResult');
  if (root === undefined) {
    return undefined;
  }
  const encoded = textOf(root, 'EncodingType') === 'url';
  const objects: ListedObject[] = [];
  for (const element of childrenOf(root, 'Contents')) {
    const text = textOf(element, 'Key');
    let key: string;
    try {
      key = encoded ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
    } catch {
      return undefined;
    }
    const bytes = Number(textOf(element, 'Size'));
    const modifiedUnixMs = Date.parse(textOf(element, 'LastModified'));
    if (key === '' || !Number.isSafeInteger(bytes) || bytes < 0) {
      return undefined;
    }
    objects.push({
      key,
      bytes,
      etag: textOf(element, 'ETag'),
      modifiedUnixMs: Number.isNaN(modifiedUnixMs) ? 0 : modifiedUnixMs,
    });
  }
  const more = textOf(root, 'IsTruncated') === 'true';
  const next = textOf(root, 'NextContinuationToken');
  return more && next === '' ? undefined : { objects, next: more ? next : undefined };
}

/** Code, message and region of an error; '' for what is not there. */
export function parseErrorBody(xml: string): { code: string; message: string; region: string } {
  const root = rootOf(xml, 'Error');
  const text = (name: string) => (root === undefined ? '' : textOf(root, name));
  return { code: text('Code'), message: text('Message').slice(0, 500), region: text('Region') };
}
