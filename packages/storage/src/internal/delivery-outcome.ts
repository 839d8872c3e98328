import type { Verdict } from '@certoai/loom-core';
import { failureReason, shorten } from './failure-reason.js';
import { checkDelay, invalid } from './message-queue-options.js';
import type { ResolvedConsumeOptions } from './message-queue-options.js';

/** What becomes of a message after its handler settled. */
export type DeliveryOutcome =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'waiting'; readonly delayMs: number }
  | { readonly kind: 'released' }
  | { readonly kind: 'dead'; readonly reason: string };

/** What a handler did: it resolved to something, or it threw something. */
export type HandlerResult =
  | { readonly kind: 'resolved'; readonly verdict: Verdict | void }
  | { readonly kind: 'rejected'; readonly error: unknown };

export interface DeliveryCircumstances {
  /** Deliveries so far, this one included. */
  readonly attempt: number;
  /** The consumer told the handler to stop. */
  readonly aborted: boolean;
  readonly options: Pick<ResolvedConsumeOptions, 'maxDeliveries' | 'retryDelayMs'>;
}

const acknowledged: DeliveryOutcome = { kind: 'acknowledged' };
const released: DeliveryOutcome = { kind: 'released' };

/** The rules of {@link Verdict} and of rejections, the same for every adapter. */
export function decideOutcome(result: HandlerResult, circumstances: DeliveryCircumstances): DeliveryOutcome {
  if (result.kind === 'rejected') return decideRejection(result.error, circumstances);
  const { verdict } = result;
  if (verdict === undefined) return acknowledged;
  try {
    return decideVerdict(verdict, circumstances);
  } catch (error) {
    return decideRejection(error, circumstances);
  }
}

/** A message that was delivered as often as is allowed, and whose deliveries all ended without a word. */
export function silentDeathReason(deliveries: number): string {
  const times = deliveries === 1 ? 'once' : `${deliveries} times`;
  return `Delivered ${times} without an outcome: the process that had it ended, or its lease did.`;
}

function decideVerdict(verdict: Verdict, { attempt, options }: DeliveryCircumstances): DeliveryOutcome {
  switch (verdict.kind) {
    case 'retry': {
      const { delayMs = 0 } = verdict;
      checkDelay('delayMs of the verdict', delayMs);
      if (attempt < options.maxDeliveries) return { kind: 'waiting', delayMs: Math.ceil(delayMs) };
      return {
        kind: 'dead',
        reason: `The handler asked to retry after ${attempt} deliveries, which is all it gets.`,
      };
    }
    case 'release':
      return released;
    case 'dead-letter':
      return { kind: 'dead', reason: shorten(String(verdict.reason ?? '')) || failureReason(verdict.error) };
    default:
      throw invalid('verdict', verdict, 'resolve to nothing, or to "retry", "release" or "dead-letter"');
  }
}

function decideRejection(
  error: unknown,
  { attempt, aborted, options }: DeliveryCircumstances,
): DeliveryOutcome {
  // It was us who interrupted it: that must not bring the message closer to its end.
  if (aborted) return released;
  if (attempt < options.maxDeliveries) return { kind: 'waiting', delayMs: options.retryDelayMs };
  return { kind: 'dead', reason: failureReason(error) };
}
