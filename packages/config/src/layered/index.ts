export type { ConfigScope } from './config-scope.js';
export { LayeredConfig } from './layered-config.js';
export type { ConfigLayer, LayeredConfigOptions, PartialValues } from './layered-config.js';
export type { PlainValue, PlainValues } from './plain-values.js';
