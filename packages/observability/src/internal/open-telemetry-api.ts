import { createRequire } from 'node:module';
import { LoomError } from '@certoai/loom-core';

export type OpenTelemetryApi = typeof import('@opentelemetry/api');

/**
 * Loads `@opentelemetry/api`, at once and only when somebody uses it. All copies of it share one registry of
 * providers, so it does not matter by which door it is loaded.
 * @throws LoomError `LOOM_MISSING_DEPENDENCY`, which says what to install
 */
export function openTelemetryApi(): OpenTelemetryApi {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as OpenTelemetryApi;
  } catch (cause) {
    const message =
      'OpenTelemetry needs the package "@opentelemetry/api", which cannot be loaded. Run "npm install @opentelemetry/api".';
    throw new LoomError('LOOM_MISSING_DEPENDENCY', message, { dependency: '@opentelemetry/api' }, { cause });
  }
}
