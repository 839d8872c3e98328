/** What models were used for. Attempts that were tried again count, because they cost as much. */
export interface UsageTotals {
  readonly decisions: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Money by currency (ISO 4217), exact to a billionth; none that nobody named. */
  readonly cost: Readonly<Record<string, number>>;
}

/** That of one model. */
export interface ModelUsage extends UsageTotals {
  readonly model: string;
}

/** That of all models together, and of each. */
export interface Usage extends UsageTotals {
  /** By name, rising. Of more than 64, those that come later are one, `other`. */
  readonly models: readonly ModelUsage[];
}
