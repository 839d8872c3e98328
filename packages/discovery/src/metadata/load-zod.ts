import { createRequire } from 'node:module';
import type * as zod from 'zod';

let loaded: typeof zod | undefined;

/** zod, loaded when it is first needed: it takes ten times as long as the rest of this package. */
export function loadZod(): typeof zod {
  return (loaded ??= createRequire(import.meta.url)('zod') as typeof zod);
}
