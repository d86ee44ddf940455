/** @file Plots of a report that lay generated traces over real ones: durations and rates by service, shapes. */
import type { Profile, ServiceProfile } from '../profile';
import { countText, tickText, timeText } from './numbers';
import { axes, coordinate, drawing, escaped, figure, type Frame, linearScale, linePath, logScale } from './svg';

const PANEL: Frame = { width: 360, height: 210, left: 46, right: 18, top: 12, bottom: 38 };

function durationPlot(service: ServiceProfile, shares: readonly number[]): string {
  const all = [...service.real, ...service.other].filter((value) => value > 0);
  if (all.length === 0) {
    return '';
  }
  const x = logScale([Math.min(...all), Math.max(...all)], [PANEL.left, PANEL.width - PANEL.right], 4);
  const y = linearScale([0, 1], [PANEL.height - PANEL.bottom, PANEL.top]);
  const curve = (values: readonly number[]): string =>
    linePath(values.map((value, i) => [x(Math.max(value, 1)), y(shares[i] as number)]));
  const body =
    axes(PANEL, x, y, { x: timeText, y: (value) => `${Math.round(100 * value)}%` }) +
    `<path class="real line thick" d="${curve(service.real)}"/>` +
    `<path class="generated line" d="${curve(service.other)}"/>`;
  const at = (values: readonly number[], share: number): string => {
    const value = values[shares.indexOf(share)];
    return value === undefined ? 'none' : timeText(value);
  };
  const said = [0.5, 0.9, 0.99]
    .map((share) => `p${100 * share}: real ${at(service.real, share)}, generated ${at(service.other, share)}`)
    .join('; ');
  return figure(service.service, drawing(PANEL, `Durations of ${service.service}`, said, body), said);
}

/** Share of spans up to a duration, by service. */
export function durationPlots(profile: Profile): string {
  return profile.services.map((service) => durationPlot(service, profile.curve)).join('');
}

function ratePlot(service: ServiceProfile, nanos: number): string {
  const frame: Frame = { ...PANEL, height: 160 };
  const most = Math.max(...service.realRate, ...service.otherRate, 1);
  const parts = service.realRate.length;
  const x = linearScale([0, parts], [frame.left, frame.width - frame.right], 4);
  const y = linearScale([0, most * 1.05], [frame.height - frame.bottom, frame.top], 3);
  const steps = (values: readonly number[]): Array<readonly [number, number]> =>
    values.flatMap((value, i) => [[x(i), y(value)] as const, [x(i + 1), y(value)] as const]);
  const base = coordinate(y(0));
  const area = `${linePath(steps(service.realRate))}V${base}H${coordinate(x(0))}Z`;
  const body =
    axes(frame, x, y, { x: (value) => (value === 0 ? '0' : timeText((value / parts) * nanos)), y: tickText }) +
    `<path class="real area" d="${area}"/>` +
    `<path class="generated line" d="${linePath(steps(service.otherRate))}"/>`;
  const total = (values: readonly number[]): string => countText(values.reduce((sum, value) => sum + value, 0));
  const said = `real ${total(service.realRate)} spans, generated ${total(service.otherRate)}`;
  return figure(service.service, drawing(frame, `Spans over time of ${service.service}`, said, body), said);
}

/** Spans in each of 60 parts of the time range, by service. */
export function ratePlots(profile: Profile): string {
  return profile.services.map((service) => ratePlot(service, profile.nanos)).join('');
}

const ROW_HEIGHT = 30;

/** The most frequent shapes, real above generated. */
export function shapePlot(profile: Profile): string {
  const { shapes } = profile;
  const frame: Frame = {
    width: 760,
    height: shapes.length * ROW_HEIGHT + 8,
    left: 300,
    right: 70,
    top: 6,
    bottom: 0,
  };
  const x = linearScale(
    [0, Math.max(1, ...shapes.flatMap((shape) => [shape.real, shape.other]))],
    [frame.left, frame.width - frame.right],
    4
  );
  const bars = shapes.map((shape, i) => {
    const top = frame.top + i * ROW_HEIGHT;
    const bar = (value: number, offset: number, className: string): string =>
      `<rect class="${className} bar" x="${frame.left}" y="${top + offset}" width="${coordinate(Math.max(0.5, x(value) - frame.left))}" height="10"/><text class="tick" x="${coordinate(x(value) + 5)}" y="${top + offset + 5}" dy=".32em">${countText(value)}</text>`;
    const label = shape.label.length > 46 ? `${shape.label.slice(0, 20)}…${shape.label.slice(-25)}` : shape.label;
    return `<g><title>${escaped(`${shape.label}: real ${shape.real}, generated ${shape.other}`)}</title><text class="label" x="${frame.left - 8}" y="${top + 13}" dy=".32em" text-anchor="end">${escaped(label)}</text>${bar(shape.real, 3, 'real')}${bar(shape.other, 14, 'generated')}</g>`;
  });
  const said = shapes.map((shape) => `${shape.label}: real ${shape.real}, generated ${shape.other}`).join('; ');
  return `<figure class="wide">${drawing(frame, 'Traces by shape', said, bars.join(''))}</figure>`;
}
