// The samples of the founding document, each with what its reader has installed by then.
import type { CompilerName, Resolution } from './type-check.ts';

/** What a user installs, by a name. No optional peer is among them, but in `withClients`. */
export const installs = {
  core: ['@certoai/loom-core'],
  full: ['@certoai/loom'],
  microservice: ['@certoai/loom-core', '@certoai/loom-storage'],
  selective: ['@certoai/loom-pipelines', '@certoai/loom-storage', '@certoai/loom-observability'],
  withClients: ['@certoai/loom', 'ioredis@6.0.0', '@azure/cosmos@4.9.3', '@azure/identity@4.13.1'],
} as const;

export type InstallName = keyof typeof installs;

export interface Sample {
  readonly name: string;
  readonly install: InstallName;
  /** Below scripts/test/seed-samples. */
  readonly file: string;
  /** Whether its reader has @types/node, which only who uses `process` or a client needs. */
  readonly nodeTypes?: boolean;
  readonly resolutions: Readonly<Partial<Record<CompilerName, readonly Resolution[]>>>;
}

type Resolutions = Sample['resolutions'];

const newest: Resolutions = { 'TypeScript 7': ['nodenext', 'bundler'] };
/** The older compilers are slow: they check the two installs that bring in every declaration there is. */
const every: Resolutions = { 'TypeScript 5.9': ['nodenext'], 'TypeScript 6': ['nodenext'], ...newest };
/** For a sample that imports JSON without an import attribute: Node's resolution does not allow that in an ES module. */
const bundler: Resolutions = { 'TypeScript 7': ['bundler'] };

export const samples: readonly Sample[] = [
  {
    name: 'Pattern 1: full platform',
    install: 'full',
    file: 'pattern-1.ts',
    nodeTypes: true,
    resolutions: every,
  },
  {
    name: 'Pattern 2: selective imports',
    install: 'selective',
    file: 'pattern-2.ts',
    resolutions: newest,
  },
  {
    name: 'Pattern 2, real clients',
    install: 'withClients',
    file: 'pattern-2-with-clients.ts',
    nodeTypes: true,
    resolutions: newest,
  },
  { name: 'Pattern 3: core only', install: 'core', file: 'pattern-3.ts', resolutions: every },
  { name: 'Migration guide: after', install: 'full', file: 'migration-after.ts', resolutions: newest },
  {
    name: 'Example 1: document processing',
    install: 'selective',
    file: 'example-1.ts',
    resolutions: bundler,
  },
  { name: 'Example 2: AI agent platform', install: 'full', file: 'example-2.ts', resolutions: newest },
  { name: 'Example 3: microservice', install: 'microservice', file: 'example-3.ts', resolutions: newest },
];
