/** @file The tour of the demo. */
export { runTour, type TourOptions } from './tour';
