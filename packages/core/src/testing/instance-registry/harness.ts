import type { InstanceRegistry } from '../../ports/instance-registry.js';

export interface InstanceRegistryHarness {
  /** A fresh, empty registry with this lease. */
  create(options: { readonly leaseMs: number }): Promise<InstanceRegistry>;
  /** Another object on the same store, as another process has it. Absent where nothing is shared. */
  another?(registry: InstanceRegistry): Promise<InstanceRegistry>;
  /** Lets `ms` milliseconds pass for the adapter, and its timers and callbacks run: moves a clock, or really waits. */
  elapse(ms: number): Promise<void>;
}
