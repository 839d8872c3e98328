import { LoomError, type Random } from '@certoai/loom-core';
import { nearestName } from '../internal/nearest-name.js';
import type { ActorCandidate } from './actor-query.js';
import { rendezvous } from './rendezvous.js';

/**
 * - `round-robin`: each in turn
 * - `least-loaded`: the one with the smallest share of its slots in use; among equals, at random
 * - `random`: any, at random
 * - `consistent-hash`: always the same one for a `key`, as long as it is there
 */
export type PickStrategy = 'round-robin' | 'least-loaded' | 'random' | 'consistent-hash';

export interface PickOptions {
  /** @default `consistent-hash` when `key` is given, `round-robin` otherwise */
  readonly by?: PickStrategy | undefined;
  /** What `consistent-hash` hashes, such as a tenant or a document id. */
  readonly key?: string | undefined;
  /** Picks with the same text get the same one for as long as it is there and can take work. @default not sticky */
  readonly sticky?: string | undefined;
}

const strategies: readonly PickStrategy[] = ['round-robin', 'least-loaded', 'random', 'consistent-hash'];
/** Turns and sticky picks that are remembered; the least recently used go first. */
const remembered = 10_000;

/** Chooses among candidates. Remembers turns and sticky picks, each for one query. */
export class Picker {
  readonly #random: Random;
  /** Who had the last turn, by query. */
  readonly #turns = new Map<string, string>();
  /** Who was picked, by query and sticky text. */
  readonly #stuck = new Map<string, string>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  pick(
    candidates: readonly ActorCandidate[],
    queryId: string,
    options: PickOptions,
  ): ActorCandidate | undefined {
    const { key, sticky } = options;
    const { by = key === undefined ? 'round-robin' : 'consistent-hash' } = options;
    checkOptions(by, key);
    if (sticky === undefined) return this.#choose(candidates, queryId, by, key);
    const stickyId = JSON.stringify([queryId, sticky]);
    const before = this.#stuck.get(stickyId);
    const picked =
      candidates.find((candidate) => candidateId(candidate) === before) ??
      this.#choose(candidates, queryId, by, key);
    if (picked) remember(this.#stuck, stickyId, candidateId(picked));
    return picked;
  }

  #choose(
    candidates: readonly ActorCandidate[],
    queryId: string,
    by: PickStrategy,
    key: string | undefined,
  ): ActorCandidate | undefined {
    switch (by) {
      case 'round-robin':
        return this.#next(candidates, queryId);
      case 'least-loaded': {
        const least = Math.min(...candidates.map(load));
        return this.#any(candidates.filter((candidate) => load(candidate) === least));
      }
      case 'random':
        return this.#any(candidates);
      case 'consistent-hash':
        return pickConsistently(candidates, key ?? '');
    }
  }

  /** The next one by id after the last, so that turns stay fair while candidates come and go. */
  #next(candidates: readonly ActorCandidate[], queryId: string): ActorCandidate | undefined {
    const inOrder = [...candidates].sort((a, b) => (candidateId(a) < candidateId(b) ? -1 : 1));
    const last = this.#turns.get(queryId);
    const next =
      inOrder.find((candidate) => last === undefined || candidateId(candidate) > last) ?? inOrder[0];
    if (next) remember(this.#turns, queryId, candidateId(next));
    return next;
  }

  #any(candidates: readonly ActorCandidate[]): ActorCandidate | undefined {
    return candidates[Math.floor(this.#random() * candidates.length)];
  }
}

/** As `consistent-hash` picks: always the same one for a `key` as long as it is there, in every process. */
export function pickConsistently(
  candidates: readonly ActorCandidate[],
  key: string,
): ActorCandidate | undefined {
  return rendezvous(key, candidates, candidateId);
}

function candidateId({ instance, actor }: ActorCandidate): string {
  return `${instance.id}\0${actor.type}\0${actor.version}`;
}

function load({ instance: { slots } }: ActorCandidate): number {
  return slots.total === 0 ? 1 : slots.used / slots.total;
}

function remember(memory: Map<string, string>, id: string, value: string): void {
  memory.delete(id);
  memory.set(id, value);
  if (memory.size <= remembered) return;
  for (const oldest of memory.keys()) {
    memory.delete(oldest);
    return;
  }
}

function checkOptions(by: PickStrategy, key: string | undefined): void {
  if (!strategies.includes(by)) {
    const meant = nearestName(String(by), strategies);
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
    const message = `by is ${JSON.stringify(by)}; give one of ${strategies.join(', ')}.${hint}`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'by', value: by });
  }
  if (by === 'consistent-hash' && key === undefined) {
    const message = 'consistent-hash needs a key to hash; give key, such as a tenant or a document id.';
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'key' });
  }
  if (by !== 'consistent-hash' && key !== undefined) {
    const message = `key is for consistent-hash, and by is ${by}. Leave one of them out, or give sticky instead of key.`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'key' });
  }
}
