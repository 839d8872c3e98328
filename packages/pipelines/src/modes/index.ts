import { broadcast } from './broadcast.js';
import { execute } from './execute.js';
import { forkJoin } from './fork-join.js';
import { gather } from './gather.js';
import type { Mode } from './mode.js';
import { scatter } from './scatter.js';

/** The modes a plan can name. `map-reduce` is a scatter and a gather by then. */
export const builtInModes: ReadonlyMap<string, Mode> = new Map<string, Mode>([
  ['execute', execute],
  ['scatter', scatter],
  ['gather', gather],
  ['broadcast', broadcast],
  ['fork-join', forkJoin],
]);
