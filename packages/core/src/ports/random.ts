/** A number in [0, 1). Injected where a decision is random (jitter), so that tests can repeat it. */
export type Random = () => number;
