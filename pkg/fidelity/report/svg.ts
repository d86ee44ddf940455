/** @file Small pieces of SVG: escaping, scales, axes, lines. Colours are classes of the page's style sheet. */

/** Text for HTML and SVG. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A number for coordinates. */
export const coordinate = (value: number): string => String(Math.round(value * 10) / 10);

export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

const STEPS = [1, 2, 2.5, 5, 10] as const;

/** Round numbers from `low` to `high`, about `count` of them. */
function linearTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (STEPS.find((own) => own * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9) || 0; i * step <= high + step * 1e-9; i++) {
    ticks.push(i * step);
  }
  return ticks;
}

/** Values from `domain` to places of `range`. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number], ticks = 4): Scale {
  const [low, high] = domain[1] > domain[0] ? domain : [domain[0], domain[0] + 1];
  const place = (value: number): number => range[0] + ((value - low) / (high - low)) * (range[1] - range[0]);
  return Object.assign(place, { ticks: linearTicks(low, high, ticks) });
}

/** Positive values on a logarithmic scale; ticks at powers of ten, thinned to about `ticks`. */
export function logScale(domain: readonly [number, number], range: readonly [number, number], ticks = 5): Scale {
  const low = Math.log10(domain[0]);
  const high = Math.max(Math.log10(domain[1]), low + 0.1);
  const place = (value: number): number =>
    range[0] + ((Math.log10(Math.max(value, domain[0])) - low) / (high - low)) * (range[1] - range[0]);
  // Powers of ten; where there are fewer than three, 2 and 5 times a power too.
  const among = (factors: readonly number[]): number[] => {
    const found: number[] = [];
    for (let power = Math.floor(low); power <= high; power++) {
      found.push(...factors.map((factor) => factor * 10 ** power));
    }
    return found.filter((value) => value >= domain[0] && value <= domain[1]);
  };
  const powers = among([1]);
  const candidates = powers.length >= 3 ? powers : among([1, 2, 5]);
  const every = Math.max(1, Math.ceil(candidates.length / ticks));
  const few = candidates.filter((_, i) => i % every === 0);
  return Object.assign(place, { ticks: few });
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Grid lines with their labels: x below, y on the left. */
export function axes(
  frame: Frame,
  x: Scale,
  y: Scale,
  labels: { x: (value: number) => string; y: (value: number) => string }
): string {
  const bottom = frame.height - frame.bottom;
  const right = frame.width - frame.right;
  const horizontal = y.ticks.map((value) => {
    const at = coordinate(y(value));
    return `<line class="grid" x1="${frame.left}" x2="${right}" y1="${at}" y2="${at}"/><text class="tick" x="${frame.left - 6}" y="${at}" dy=".32em" text-anchor="end">${escaped(labels.y(value))}</text>`;
  });
  const vertical = x.ticks.map((value) => {
    const at = coordinate(x(value));
    return `<line class="grid" x1="${at}" x2="${at}" y1="${frame.top}" y2="${bottom}"/><text class="tick" x="${at}" y="${bottom + 15}" text-anchor="middle">${escaped(labels.x(value))}</text>`;
  });
  return horizontal.join('') + vertical.join('');
}

/** The `d` of a line through points. */
export function linePath(points: ReadonlyArray<readonly [number, number]>): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${coordinate(x)} ${coordinate(y)}`).join('');
}

/** A drawing with a name and a description for screen readers. */
export function drawing(frame: Frame, name: string, description: string, body: string): string {
  const text = escaped(`${name}. ${description}`);
  return `<svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${text}">${body}</svg>`;
}

/** A figure: its heading, the drawing, and what a caption adds. */
export function figure(heading: string, svg: string, caption = ''): string {
  const below = caption === '' ? '' : `<figcaption>${escaped(caption)}</figcaption>`;
  return `<figure><h3>${escaped(heading)}</h3>${svg}${below}</figure>`;
}

const MARKS: Readonly<Record<string, (x: string, y: string) => string>> = {
  circle: (x, y) => `<circle cx="${x}" cy="${y}" r="4"/>`,
  disc: (x, y) => `<circle cx="${x}" cy="${y}" r="6.5"/>`,
  diamond: (x, y) => `<path d="M${x} ${y}m0-5.5l5.5 5.5l-5.5 5.5l-5.5-5.5z"/>`,
  square: (x, y) => `<path d="M${x} ${y}m-4-4h8v8h-8z"/>`,
};

/** A mark with a tooltip. */
export function mark(kind: keyof typeof MARKS, x: number, y: number, className: string, tooltip: string): string {
  const drawn = (MARKS[kind] as (x: string, y: string) => string)(coordinate(x), coordinate(y));
  return `<g class="${className}"><title>${escaped(tooltip)}</title>${drawn}</g>`;
}
