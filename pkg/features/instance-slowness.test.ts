import { timesUsual } from './instance-slowness';

test.each([
  [0, 1],
  [16, 2],
  [-16, 0.5],
  [8, Math.SQRT2],
  [-8, Math.SQRT1_2],
  [127, 2 ** (127 / 16)],
  [-128, 2 ** -8],
  [3, 2 ** (3 / 16)],
])('%d sixteenths of a doubling', (steps, times) => {
  expect(timesUsual(steps)).toBeCloseTo(times, 12);
});
