export { failureFingerprint } from './failure-fingerprint.js';
