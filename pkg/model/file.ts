/** @file A whole `.gent` file: its sections by name, its manifest, its id. */
import { gentVersion, GentError } from '../common';
import { Container, FORMAT_VERSION, packSection, writeContainer, type PackedSection } from './container';
import { modelIdOf, parseManifest, type Manifest } from './manifest';

/** The sections that every file has. `exemplars` may be empty; readers ignore sections they do not know. */
export const SECTIONS = ['dictionary', 'shapes', 'counts', 'quantisers', 'network', 'exemplars'] as const;
export type SectionName = (typeof SECTIONS)[number];
/** Sections that only some files have: since version 2. */
export const OPTIONAL_SECTIONS = ['priors', 'drifts'] as const;
export type OptionalSectionName = (typeof OPTIONAL_SECTIONS)[number];
/** What a file is written from. */
export type ModelSections = Record<SectionName, Uint8Array> & Partial<Record<OptionalSectionName, Uint8Array>>;

/** What the writer knows of the manifest; the rest follows from the sections. */
export type ManifestInput = Omit<Manifest, 'format' | 'id' | 'generator' | 'sections'>;

/**
 * Packs sections and manifest into a file. The same input gives the same bytes.
 * @returns the file, its manifest, and its sections as stored
 */
export function writeModelFile(
  sections: ModelSections,
  input: ManifestInput
): { bytes: Uint8Array; manifest: Manifest } {
  const optional = OPTIONAL_SECTIONS.flatMap((name) => {
    const data = sections[name];
    return data === undefined ? [] : [packSection({ name, data })];
  });
  const packed: PackedSection[] = [...SECTIONS.map((name) => packSection({ name, data: sections[name] })), ...optional];
  const manifest: Manifest = {
    ...input,
    format: FORMAT_VERSION,
    id: modelIdOf(packed),
    generator: `gent ${gentVersion()}`,
    sections: Object.fromEntries(packed.map((section) => [section.name, section.storedBytes])),
  };
  const data = new TextEncoder().encode(JSON.stringify(manifest));
  return { bytes: writeContainer([packSection({ name: 'manifest', data }), ...packed]), manifest };
}

/** A verified file. */
export interface ModelFile {
  readonly manifest: Manifest;
  /** Size of the whole file. */
  readonly bytes: number;
  /** Stored bytes by section, the manifest included. */
  readonly sectionBytes: Readonly<Record<string, number>>;
  section(name: SectionName): Uint8Array;
  /** A section that files of earlier versions do not have, and others need not have. */
  optional(name: OptionalSectionName): Uint8Array | undefined;
}

/**
 * Opens a file: verifies the table, every hash, the manifest and the id.
 * @throws GentError MODEL_* that names the section
 */
export function readModelFile(bytes: Uint8Array): ModelFile {
  const container = Container.read(bytes);
  const manifest = parseManifest(container.section('manifest'));
  for (const name of SECTIONS) {
    if (!container.has(name)) {
      throw new GentError('MODEL_CORRUPT', `section ${name}: it is missing`);
    }
  }
  const id = modelIdOf(container.sections);
  if (manifest.id !== id) {
    throw new GentError('MODEL_CORRUPT', `section manifest: id ${manifest.id}, the sections give ${id}`);
  }
  return {
    manifest,
    bytes: container.bytes,
    sectionBytes: Object.fromEntries(container.sections.map((section) => [section.name, section.storedBytes])),
    section: (name) => container.section(name),
    optional: (name) => (container.has(name) ? container.section(name) : undefined),
  };
}
