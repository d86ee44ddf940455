/** @file Headers of one's own, stored as Grafana's HTTP data sources store them: `httpHeaderName1` and a secret value. */
import type { GenTOptions, GenTSecureOptions } from '../types';

export interface Header {
  number: number;
  name: string;
  /** The secret that holds its value. */
  secret: keyof GenTSecureOptions;
}

const NAME = /^httpHeaderName(\d+)$/;

/** The headers of the settings by number, also one whose name is still to be typed. */
export function headersOf(options: GenTOptions): Header[] {
  return Object.entries(options)
    .flatMap(([key, name]): Header[] => {
      const number = NAME.exec(key)?.[1];
      return number === undefined || typeof name !== 'string'
        ? []
        : [{ number: Number(number), name, secret: `httpHeaderValue${Number(number)}` }];
    })
    .sort((a, b) => a.number - b.number);
}

/** The change of the settings that gives a header its name; undefined takes the header away. */
export function headerChange(number: number, name: string | undefined): Partial<GenTOptions> {
  return { [`httpHeaderName${number}`]: name };
}
