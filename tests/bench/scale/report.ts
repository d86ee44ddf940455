/** @file Curves of costs by size as a page: one picture a cost, both scales logarithmic, dashes where growth were linear. */
import { type Curve, fittedExponent } from './growth';

/** One picture. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly curves: readonly Curve[];
}

const [WIDTH, HEIGHT] = [420, 300];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 12, 12, 36];
const COLOURS = ['#3871dc', '#e0752d', '#3f9142', '#a352cc'];
/** Curves without a slope of their own need this many sizes to have one. */
const LEAST_POINTS = 2;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** 1, 2 and 5 of every decade between two values, and the ends of what they do not reach. */
function ticksOf(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++) {
    ticks.push(...[1, 2, 5].map((digit) => digit * 10 ** decade));
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

function label(value: number): string {
  return value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : String(Number(value.toPrecision(3)));
}

/** A picture as SVG. */
export function panelSvg({ title, unit, curves }: Panel): string {
  const all = curves.flatMap(({ points }) => points);
  if (all.length === 0) {
    return '';
  }
  const span = (values: readonly number[]): [number, number] => [
    Math.min(...values) / 1.15,
    Math.max(...values) * 1.15,
  ];
  const [x0, x1] = span(all.map(({ x }) => x));
  const [y0, y1] = span(all.map(({ y }) => y));
  const px = (x: number): number => LEFT + (Math.log(x / x0) / Math.log(x1 / x0)) * (WIDTH - LEFT - RIGHT);
  const py = (y: number): number => HEIGHT - BOTTOM - (Math.log(y / y0) / Math.log(y1 / y0)) * (HEIGHT - TOP - BOTTOM);
  const at = (x: number, y: number): string => `${px(x).toFixed(1)},${py(y).toFixed(1)}`;
  const grid = [
    ...ticksOf(x0, x1).map(
      (x) =>
        `<path class="grid" d="M${at(x, y0)}L${at(x, y1)}"/><text x="${px(x).toFixed(1)}" y="${HEIGHT - 18}" text-anchor="middle">${label(x)}</text>`
    ),
    ...ticksOf(y0, y1).map(
      (y) =>
        `<path class="grid" d="M${at(x0, y)}L${at(x1, y)}"/><text x="${LEFT - 6}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end">${label(y)}</text>`
    ),
  ];
  const lines = curves.map(({ name, points }, c) => {
    const colour = COLOURS[c % COLOURS.length] as string;
    const first = points[0];
    // Linear growth from the first size, as far as the picture reaches.
    const reach = first === undefined ? 0 : Math.min(x1 / first.x, y1 / first.y);
    const linear =
      first === undefined
        ? ''
        : `<path d="M${at(first.x, first.y)}L${at(first.x * reach, first.y * reach)}" stroke="${colour}" class="linear"/>`;
    const path = `<path d="M${points.map(({ x, y }) => at(x, y)).join('L')}" stroke="${colour}" class="curve"/>`;
    const dots = points.map(
      ({ x, y }) =>
        `<circle cx="${px(x).toFixed(1)}" cy="${py(y).toFixed(1)}" r="3.5" fill="${colour}"><title>${escape(`${name}: ${x.toLocaleString('en')} traces, ${Number(y.toPrecision(4)).toLocaleString('en')} ${unit}`)}</title></circle>`
    );
    return linear + path + dots.join('');
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">${grid.join('')}${lines.join('')}<text x="${(LEFT + WIDTH) / 2}" y="${HEIGHT - 3}" text-anchor="middle">traces</text></svg>`;
}

function legend(curves: readonly Curve[]): string {
  const items = curves.map(({ name, points }, c) => {
    const exponent = points.length < LEAST_POINTS ? '' : `, exponent ${fittedExponent(points).toFixed(2)}`;
    return `<li><i style="background:${COLOURS[c % COLOURS.length] as string}"></i>${escape(name)}${exponent}</li>`;
  });
  return `<ul>${items.join('')}</ul>`;
}

/** All pictures as one page that loads nothing. @param note - a line below the title, such as the load of the machine */
export function scaleHtml(panels: readonly Panel[], note: string): string {
  const figures = panels.map(
    (panel) =>
      `<figure><figcaption>${escape(panel.title)}, ${escape(panel.unit)}</figcaption>${panelSvg(panel)}${legend(panel.curves)}</figure>`
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Costs by traces</title>
<style>body{font:14px/1.4 system-ui,sans-serif;margin:2rem;color:#222}main{display:flex;flex-wrap:wrap;gap:2rem}
figure{margin:0;width:420px}figcaption{font-weight:600}svg{width:100%}text{font-size:11px;fill:#555}
.grid{stroke:#e5e5e5;fill:none}.curve{fill:none;stroke-width:2}.linear{fill:none;stroke-dasharray:3 4;opacity:.6}
ul{list-style:none;padding:0;margin:.3rem 0;font-size:13px}i{display:inline-block;width:.8em;height:.8em;margin-right:.5em;border-radius:50%}</style></head>
<body><h1>Costs by traces</h1><p>${escape(note)} Both scales are logarithmic; dashes are linear growth from the first size.</p><main>
${figures.join('\n')}
</main></body></html>
`;
}
