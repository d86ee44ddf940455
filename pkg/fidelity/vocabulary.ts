/** @file Numbers for texts, shared by the tables of one comparison so that equal texts have equal numbers. */

/** Texts numbered 0, 1, 2 … in the order they came. */
export class Dictionary {
  private readonly ids = new Map<string, number>();
  readonly texts: string[] = [];

  id(text: string): number {
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.texts.length;
      this.ids.set(text, id);
      this.texts.push(text);
    }
    return id;
  }
}

/** A span attribute that the measures look at. */
export interface ChosenAttribute {
  readonly key: string;
  /** `name` and `kind` stand for the span's own name and kind where no attribute serves. */
  readonly type: 'string' | 'int' | 'name' | 'kind';
  readonly values: Dictionary;
}

export interface Vocabulary {
  readonly services: Dictionary;
  /** Of services. */
  readonly instances: Dictionary;
  readonly names: Dictionary;
  readonly operations: Dictionary;
  /** Canonical forms of trees and subtrees. */
  readonly shapes: Dictionary;
  /** Start of the first span seen, ns. Times count from here. */
  origin: bigint | undefined;
  /** Set by the first table. */
  attributes: readonly ChosenAttribute[] | undefined;
}
