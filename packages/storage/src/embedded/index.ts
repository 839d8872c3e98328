export { diagnoseEmbedded } from './diagnose-embedded.js';
export { openEmbeddedStore } from './embedded-store.js';
export type { EmbeddedStore } from './embedded-store.js';
export type { EmbeddedStoreOptions } from './embedded-store-options.js';
export type { SqliteDriverName } from './sqlite-driver.js';
export type { StoreFinding } from '../internal/store-finding.js';
