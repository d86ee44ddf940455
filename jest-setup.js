// Jest setup of the browser half: the scaffold's, and the one canvas call that Grafana's Combobox makes.
import './.config/jest-setup';

HTMLCanvasElement.prototype.getContext = () => ({ font: '', measureText: (text) => ({ width: 8 * text.length }) });

// jsdom lays nothing out. Grafana's lists show only what fits, so everything is given a size.
global.IntersectionObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
const rect = { width: 400, height: 400, top: 0, left: 0, bottom: 400, right: 400, x: 0, y: 0 };
Element.prototype.getBoundingClientRect = () => ({ ...rect, toJSON: () => rect });
for (const name of ['clientWidth', 'clientHeight']) {
  Object.defineProperty(Element.prototype, name, { configurable: true, get: () => 400 });
}
