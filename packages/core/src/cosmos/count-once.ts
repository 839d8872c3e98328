import type { CosmosDocument } from './cosmos-client-like.js';
import type { CosmosContainer } from './cosmos-container.js';

/** Additions of others that may come between a lost answer and the second try. */
const remembered = 64;

interface Counts extends CosmosDocument {
  /** Marks of the last additions; always as many, so that a patch can shift them. */
  recent: string[];
}

/**
 * Adds to the counts of an item, which is made with them when it is not there. The service adds, so that nobody
 * overwrites anybody; a mark of each addition is kept for a while, so that a second try after a lost answer adds nothing.
 * @param counts - up to 6
 * @param latest - fields that are set to the latest value; up to 2
 * @param mark - letters and digits, unique to this addition
 */
export async function countOnce(
  container: CosmosContainer,
  doing: string,
  { pk, id }: { readonly pk: string; readonly id: string },
  counts: Readonly<Record<string, number>>,
  latest: Readonly<Record<string, unknown>>,
  mark: string,
): Promise<void> {
  const added = Object.entries(counts).map(([name, value]) => ({
    op: 'incr' as const,
    path: `/${name}`,
    value,
  }));
  const set = Object.entries(latest).map(([name, value]) => ({
    op: 'set' as const,
    path: `/${name}`,
    value,
  }));
  for (;;) {
    const { kind } = await container.patch(doing, pk, id, {
      operations: [
        ...added,
        ...set,
        { op: 'remove', path: '/recent/0' },
        { op: 'add', path: '/recent/-', value: mark },
      ],
      condition: `FROM c WHERE NOT ARRAY_CONTAINS(c.recent, "${mark}")`,
    });
    // `precondition`: it was added before, and the answer was lost.
    if (kind !== 'absent') return;
    const recent = [...Array.from({ length: remembered - 1 }, () => ''), mark];
    const item: Counts = { ...counts, ...latest, id, pk, recent };
    if ((await container.create(doing, item)).kind === 'done') return;
  }
}
