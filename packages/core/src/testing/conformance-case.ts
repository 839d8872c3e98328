/** One rule of a port, as data: any test runner can run it. `run` rejects when the rule is broken. */
export interface ConformanceCase<Harness> {
  /** A sentence about behaviour. */
  readonly name: string;
  run(harness: Harness): Promise<void>;
}
