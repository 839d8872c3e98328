/** What all containers of a server share. Tests change `replicaLagMs` while it runs. */
export interface StoreSettings {
  readonly clock: { now(): number };
  /** How far reads without a session token lie behind writes; milliseconds, 0 or more. */
  replicaLagMs: number;
  /** Physical partitions of a new container. */
  readonly partitions: number;
}
