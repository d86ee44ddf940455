// Jest setup of the browser half: the scaffold's, and the one canvas call that Grafana's Combobox makes.
import './.config/jest-setup';

HTMLCanvasElement.prototype.getContext = () => ({ font: '', measureText: (text) => ({ width: 8 * text.length }) });
