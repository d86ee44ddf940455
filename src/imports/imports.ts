/** @file The trace files that were opened in this tab: nothing of them is in the store, in the address, or on the server. */
import type { DataFrameJSON } from '@grafana/data';

/** A trace of a file, as the resource `import` answers. */
export interface ImportedTrace {
  traceId: string;
  service: string;
  name: string;
  /** Unix ms. */
  startMs: number;
  durationMs: number;
  spans: number;
  errors: number;
  frame: DataFrameJSON;
}

/** Answer of the resource `import`. */
export interface TraceImport {
  traces: ImportedTrace[];
  /** Whether the file holds more traces than are shown. */
  more: boolean;
  /** Lines that could not be read. */
  bad: number;
}

/** Files kept at a time: as many as somebody compares. */
const KEPT = 8;

/** Opened files by a name that queries carry. */
export class Imports {
  private readonly files = new Map<string, TraceImport & { fileName: string }>();
  private opened = 0;

  /** Keeps a file's traces; the file opened longest ago leaves. @returns the name to ask for */
  add(fileName: string, file: TraceImport): string {
    // Not only a number: after a reload an address from before must not find another file.
    const id = `${Date.now().toString(36)}-${this.opened++}`;
    this.files.set(id, { ...file, fileName });
    while (this.files.size > KEPT) {
      this.files.delete(this.files.keys().next().value as string);
    }
    return id;
  }

  /** The traces under a name, or undefined when they are not, or no longer, kept here. */
  get(id: string | undefined): (TraceImport & { fileName: string }) | undefined {
    return id === undefined ? undefined : this.files.get(id);
  }
}
