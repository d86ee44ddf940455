/** @file Everything a model knows but the network, written to sections, read back and checked. */
import { ByteReader, ByteWriter } from '../model';
import { attributeFields, readAttributeModel, writeAttributeModel } from './attributes';
import { readCounts, writeCounts } from './counts';
import { readDictionary, writeDictionary, type Dictionary } from './dictionary';
import { layoutShapes } from './layout';
import { decodeScale, encodeScale, MAX_BINS, readTables, writeTables } from './quantiser';
import { readResources, writeResources } from './resources';
import { needsOf } from './needs';
import { segmentsOf, ticksOf } from './segments';
import { readShapes, shapeSizes, writeShapes, type ShapeGrammar } from './shapes';
import { checkSites, durationBinsOf, readSites, writeSites, type TimingModel } from './timing';
import type { ModelContent } from './content';

/** The sections that hold the content, by name. */
export type ContentSections = Record<'dictionary' | 'shapes' | 'counts' | 'quantisers', Uint8Array>;

/** Writes the sections. @param withMass - keep weights of bins, for a model without a network */
export function writeContent(content: ModelContent, withMass: boolean): ContentSections {
  const dictionary = new ByteWriter();
  writeDictionary(dictionary, content.dictionary);
  const shapes = new ByteWriter();
  writeShapes(shapes, content.grammar);
  const counts = new ByteWriter();
  const { window } = content;
  counts.int64(window.minStart);
  counts.int64(window.maxStart);
  counts.int64(window.maxEnd);
  counts.varint(window.unit);
  writeCounts(counts, content.counts);
  const quantisers = new ByteWriter();
  writeTables(quantisers, content.timing.tables, withMass);
  writeSites(quantisers, content.timing, encodeScale);
  writeAttributeModel(dictionary, quantisers, content.attributes);
  writeResources(dictionary, content.resources, content.segments.count);
  return {
    dictionary: dictionary.finish(),
    shapes: shapes.finish(),
    counts: counts.finish(),
    quantisers: quantisers.finish(),
  };
}

/**
 * Reads the sections.
 * @throws GentError MODEL_CORRUPT naming the section
 */
export function readContent(section: (name: keyof ContentSections) => Uint8Array): ModelContent {
  const dictionaryReader = new ByteReader(section('dictionary'), 'dictionary');
  const dictionary = readDictionary(dictionaryReader);
  const shapesReader = new ByteReader(section('shapes'), 'shapes');
  const grammar = readShapes(shapesReader, dictionary.nodes.length);
  shapesReader.end();
  const sizes = shapeSizes(grammar);
  const countsReader = new ByteReader(section('counts'), 'counts');
  const window = {
    minStart: BigInt.asUintN(64, countsReader.int64()),
    maxStart: BigInt.asUintN(64, countsReader.int64()),
    maxEnd: BigInt.asUintN(64, countsReader.int64()),
    unit: countsReader.varint(1_000_000),
  };
  const counts = readCounts(countsReader, sizes);
  countsReader.end();
  if (window.unit === 0 || window.minStart > window.maxStart || counts.bucket.length === 0) {
    countsReader.fail('an empty or reversed window');
  }
  const segments = segmentsOf(counts);
  const ticks = ticksOf(counts);
  const quantisersReader = new ByteReader(section('quantisers'), 'quantisers');
  const tables = readTables(quantisersReader);
  const { layouts, places } = layoutWithin(shapesReader, dictionary, grammar, sizes);
  const timing: TimingModel = { ...readSites(quantisersReader, places, tables.length, decodeScale), tables };
  if (timing.sites.some((site) => durationBinsOf(timing, site) > MAX_BINS)) {
    quantisersReader.fail('a site has too many bins');
  }
  const sites = checkSites(layouts, timing.sites, places, quantisersReader);
  const needs = timing.reserving
    ? layouts.map((layout, shape) => needsOf(layout, sites[shape] as Int32Array, timing))
    : undefined;
  const attributes = readAttributeModel(dictionaryReader, quantisersReader, {
    operations: dictionary.operations.length,
    places,
  });
  quantisersReader.end();
  const resources = readResources(dictionaryReader, dictionary.services.length, segments.count);
  dictionaryReader.end();
  return {
    dictionary,
    grammar,
    layouts,
    places,
    counts,
    window,
    segments,
    ticks,
    timing,
    sites,
    needs,
    attributes,
    fields: attributeFields(attributes),
    resources,
  };
}

/** Nodes of all distinct shapes together: a hostile grammar must not unfold without bound. */
const MAX_LAYOUT_NODES = 8_000_000;

function layoutWithin(
  reader: ByteReader,
  dictionary: Dictionary,
  grammar: ShapeGrammar,
  sizes: Float64Array
): ReturnType<typeof layoutShapes> {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > MAX_LAYOUT_NODES) {
    reader.fail(`${total} nodes in all shapes, the limit is ${MAX_LAYOUT_NODES}`);
  }
  return layoutShapes(dictionary, grammar, sizes);
}
