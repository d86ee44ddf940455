/** @file The shop: an application of eight services in virtual time. */
export { CYCLE_MINUTES, cycleMinute, INCIDENTS, type Incident, type IncidentName } from './incidents';
export { SERVICES, type ServiceName } from './services';
export { DEFAULT_TRACES, Shop, simulateShop, type RunOptions, type ShopOptions } from './shop';
