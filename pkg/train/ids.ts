/** @file A column of ids as bytes: eight or sixteen a piece instead of a string. */

/** Ids of one length in bytes; hex that is longer is cut, shorter is filled with zeros. */
export class IdColumn {
  private data: Buffer;
  private count = 0;

  constructor(private readonly bytes: number) {
    this.data = Buffer.alloc(1024 * bytes);
  }

  push(hex: string): void {
    if ((this.count + 1) * this.bytes > this.data.length) {
      const grown = Buffer.alloc(this.data.length * 2);
      this.data.copy(grown);
      this.data = grown;
    }
    this.data.write(hex, this.count * this.bytes, this.bytes, 'hex');
    this.count++;
  }

  /** Lower-case hex. */
  at(index: number): string {
    return this.data.toString('hex', index * this.bytes, (index + 1) * this.bytes);
  }
}
