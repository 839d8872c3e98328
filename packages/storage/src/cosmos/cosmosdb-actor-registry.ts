import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LoomError, toJsonText, type ActorInstance, type InstanceRegistry } from '@certoai/loom-core';
import {
  changeItem,
  CosmosContainer,
  countOnce,
  cosmosContainers,
  cosmosId,
  type CosmosClientLike,
  type CosmosValue,
} from '@certoai/loom-core/cosmos';
import { semver } from '../internal/instance-input.js';
import {
  versionMoves,
  type ActorSearch,
  type ActorUsage,
  type ActorUse,
  type ActorVersion,
  type ActorVersionState,
  type CatalogueMetadata,
  type ChangeOptions,
} from './actor-catalogue.js';
import { CosmosInstanceRegistry, type CosmosInstanceRegistryOptions } from './cosmos-instance-registry.js';
import { compareVersions, isPrerelease } from './semver-order.js';

/** Of what is said of a version: it is written twice, with its revision, in a batch that may have 2 MB. */
const maxBytes = 500_000;

/**
 * The catalogue of versioned actor types in Cosmos DB, and the live instances that host them. Changes are made under
 * ETags and are written together with their revision; counts are added by the service.
 */
export class CosmosDBActorRegistry<Metadata extends CatalogueMetadata = CatalogueMetadata>
  extends CosmosInstanceRegistry
  implements InstanceRegistry
{
  readonly #items: CosmosContainer;

  /**
   * @param cosmosClient - stays open when the registry is closed
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(cosmosClient: CosmosClientLike, options?: CosmosInstanceRegistryOptions) {
    super(cosmosClient, options);
    this.#items = new CosmosContainer(cosmosClient, this.place, cosmosContainers.actorTypes, this.calls);
  }

  override register(instance: ActorInstance): Promise<{ readonly replaced: boolean }>;
  /**
   * Puts a version into the catalogue as a draft, or changes the draft. The same again changes nothing, in whatever
   * state the version is meanwhile.
   * @throws LoomError `LOOM_CONFLICT` when it is published and says something else; `LOOM_INVALID_OPTION`
   */
  override register(metadata: Metadata, options?: ChangeOptions): Promise<ActorVersion<Metadata>>;
  override async register(
    what: ActorInstance | Metadata,
    options?: ChangeOptions,
  ): Promise<{ readonly replaced: boolean } | ActorVersion<Metadata>> {
    if (typeof what !== 'object' || what === null)
      throw invalid('what is registered', what, 'an actor instance or metadata');
    if ('actors' in what) return super.register(what);
    // As it will be read again.
    const metadata = JSON.parse(toJsonText(what, { what: 'metadata', maxBytes })) as Metadata;
    return this.#change('draft', metadata.type, metadata.version, options, (before) =>
      before !== undefined && saysTheSame(before, metadata) ? undefined : { metadata },
    );
  }

  /** A draft is for use now. @throws LoomError `LOOM_NOT_FOUND`, `LOOM_ILLEGAL_TRANSITION` (as all that follow) */
  publish(type: string, version: string, options?: ChangeOptions): Promise<ActorVersion<Metadata>> {
    return this.#move('published', type, version, undefined, options);
  }

  /** @param replacement - type, or `type@version`, to use instead */
  deprecate(
    type: string,
    version: string,
    replacement: string,
    options?: ChangeOptions,
  ): Promise<ActorVersion<Metadata>> {
    return this.#move('deprecated', type, version, replacement, options);
  }

  retire(type: string, version: string, options?: ChangeOptions): Promise<ActorVersion<Metadata>> {
    return this.#move('retired', type, version, undefined, options);
  }

  /**
   * @param version - @default the highest that is published, releases before pre-releases; else the highest deprecated
   * @returns undefined when there is none
   */
  async get(type: string, version?: string): Promise<ActorVersion<Metadata> | undefined> {
    this.checkOpen();
    if (version !== undefined) {
      const { id, pk } = this.#place('version', type, version);
      const item = await this.#items.read<{ content: ActorVersion<Metadata> }>('read an actor type', pk, id);
      return item?.document.content;
    }
    const all = (await this.versions(type)).toReversed();
    const published = all.filter(({ state }) => state === 'published');
    return (
      published.find((one) => !isPrerelease(one.version)) ??
      published[0] ??
      all.find(({ state }) => state === 'deprecated')
    );
  }

  /** All versions of a type, lowest first by semantic version. */
  async versions(type: string): Promise<readonly ActorVersion<Metadata>[]> {
    const found = await this.#records('list versions', `c.kind = 'version'`, [], type);
    return found.sort(byVersion);
  }

  /** Every state a version had, oldest first. */
  async revisions(type: string, version: string): Promise<readonly ActorVersion<Metadata>[]> {
    const found = await this.#records(
      'list revisions',
      `c.kind = 'revision' AND c.version = ?`,
      [version],
      type,
    );
    return found.sort((left, right) => left.revision - right.revision);
  }

  /** Versions that match, by type and then lowest version first. Reads every match, which a catalogue can bear. */
  async search(search: ActorSearch = {}): Promise<readonly ActorVersion<Metadata>[]> {
    const { tag, capability, owner, input, output, state = ['published', 'deprecated'] } = search;
    const conditions: readonly (readonly [string, CosmosValue | undefined])[] = [
      ['ARRAY_CONTAINS(?, c.state)', [state].flat()],
      ['ARRAY_CONTAINS(c.metadata.tags, ?)', tag],
      ['ARRAY_CONTAINS(c.metadata.capabilities, ?)', capability],
      ['c.metadata.owner = ?', owner],
      ['c.inputHash = ?', hashOf(input)],
      ['c.outputHash = ?', hashOf(output)],
    ];
    const given = conditions.filter(([, value]) => value !== undefined);
    const where = ["c.kind = 'version'", ...given.map(([condition]) => condition)].join(' AND ');
    const found = await this.#records(
      'search actor types',
      where,
      given.map(([, value]) => value as CosmosValue),
    );
    return found.sort((left, right) =>
      left.type === right.type ? byVersion(left, right) : left.type < right.type ? -1 : 1,
    );
  }

  /**
   * Adds to the counts of a version. Each addition counts once, also when an answer is lost.
   * @throws LoomError `LOOM_INVALID_OPTION` for what is not a whole number, 0 or more
   */
  async recordUse(type: string, version: string, use: Partial<ActorUse>): Promise<void> {
    const place = this.#place('usage', type, version);
    const { calls = 0, failures = 0, durationMs = 0 } = use;
    const counts = { calls, failures, durationMs };
    for (const [name, count] of Object.entries(counts)) {
      if (!Number.isSafeInteger(count) || count < 0) throw invalid(name, count, 'a whole number, 0 or more');
    }
    await countOnce(
      this.#items,
      'count a use',
      place,
      counts,
      { lastUsedAt: this.calls.clock.now() },
      this.ids.next(),
    );
  }

  /** @returns undefined when no use was recorded */
  async usage(type: string, version: string): Promise<ActorUsage | undefined> {
    const { id, pk } = this.#place('usage', type, version);
    const item = await this.#items.read<ActorUsage>('read a usage', pk, id);
    if (item === undefined) return undefined;
    const { calls, failures, durationMs, lastUsedAt } = item.document;
    return { calls, failures, durationMs, lastUsedAt };
  }

  #move(
    state: ActorVersionState,
    type: string,
    version: string,
    replacement: string | undefined,
    options: ChangeOptions | undefined,
  ): Promise<ActorVersion<Metadata>> {
    return this.#change(state, type, version, options, (before) => {
      if (before === undefined) {
        const message = `Version "${version}" of actor type "${type}" is not in the catalogue; register it first.`;
        throw new LoomError('LOOM_NOT_FOUND', message, { type, version });
      }
      const isSame = replacement === undefined || before.replacement === replacement;
      if (before.state === state && isSame) return undefined;
      const kept = replacement ?? before.replacement;
      const says = { ...(kept !== undefined && { replacement: kept }) };
      // The other states are stages of their own, which whoever describes the type knows best.
      const lifecycle = state === 'published' ? {} : { lifecycle: { stage: state, ...says } };
      return { metadata: { ...before.metadata, ...lifecycle }, ...says };
    });
  }

  /** @param decide - what it says next, or undefined when all is as it should be */
  async #change(
    state: ActorVersionState,
    type: string,
    version: string,
    { by }: ChangeOptions = {},
    decide: (
      before: ActorVersion<Metadata> | undefined,
    ) => Pick<ActorVersion<Metadata>, 'metadata' | 'replacement'> | undefined,
  ): Promise<ActorVersion<Metadata>> {
    const revisionId = (revision: number): string => `revision.${revision}.${cosmosId(version)}`;
    return changeItem<ActorVersion<Metadata>>(
      this.#items,
      'change an actor type',
      { ...this.#place('version', type, version), revisionId },
      this.ids.next(),
      (before, revision) => {
        const next = decide(before);
        if (next === undefined) return undefined;
        if (before !== undefined && !versionMoves[before.state].includes(state))
          throw cannotMove(before, state);
        const changedAt = this.calls.clock.now();
        const changedBy = by === undefined ? {} : { changedBy: by };
        return { type, version, state, revision, changedAt, ...changedBy, ...next };
      },
      (content, isRevision) => ({ kind: isRevision ? 'revision' : 'version', ...indexed(content) }),
    );
  }

  /** @param where - with `?` where a value goes, in order */
  #records(
    doing: string,
    where: string,
    values: readonly CosmosValue[],
    pk?: string,
  ): Promise<ActorVersion<Metadata>[]> {
    this.checkOpen();
    const parameters = values.map((value, place) => ({ name: `@p${place}`, value }));
    let place = 0;
    const query = `SELECT VALUE c.content FROM c WHERE ${where.replaceAll('?', () => `@p${place++}`)}`;
    return this.#items.rows<ActorVersion<Metadata>>(doing, { query, parameters }, pk);
  }

  #place(kind: string, type: string, version: string): { readonly id: string; readonly pk: string } {
    this.checkOpen();
    if (typeof type !== 'string' || !/^[\w.-]{1,128}$/.test(type))
      throw invalid('type of an actor', type, '1 to 128 letters, digits, ".", "_" or "-"');
    if (typeof version !== 'string' || !semver.test(version))
      throw invalid('version of an actor type', version, 'a semantic version such as 1.4.0');
    return { id: `${kind}.${cosmosId(version)}`, pk: type };
  }
}

/** What a version is searched by. */
function indexed({ version, state, metadata }: ActorVersion) {
  const { tags, capabilities, owner, input, output } = metadata;
  const [inputHash, outputHash] = [hashOf(input), hashOf(output)];
  return { version, state, metadata: { tags, capabilities, owner }, inputHash, outputHash };
}

/** Once a version is deprecated or retired, its stage is the catalogue's word and not that of who registers it. */
function saysTheSame({ state, metadata: before }: ActorVersion, metadata: CatalogueMetadata): boolean {
  const { lifecycle } = before as { readonly lifecycle?: unknown };
  const isOurs = state === 'deprecated' || state === 'retired';
  return isDeepStrictEqual(before, isOurs ? { ...metadata, lifecycle } : metadata);
}

/** The same for the same JSON value, whatever the order of its fields. */
function hashOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const sorted = (_: string, part: unknown): unknown =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('base64url');
}

function byVersion(left: ActorVersion, right: ActorVersion): number {
  return compareVersions(left.version, right.version);
}

function cannotMove({ type, version, state }: ActorVersion, to: ActorVersionState): LoomError {
  const details = { type, version, from: state, to };
  if (to === 'draft') {
    const message = `Version "${version}" of actor type "${type}" is ${state} and does not change any more; register a new version.`;
    return new LoomError('LOOM_CONFLICT', message, details);
  }
  const allowed =
    versionMoves[state].length > 0 ? `allowed: ${versionMoves[state].join(', ')}` : 'it is final';
  const message = `Version "${version}" of actor type "${type}" cannot move from "${state}" to "${to}"; ${allowed}.`;
  return new LoomError('LOOM_ILLEGAL_TRANSITION', message, details);
}

function invalid(
  option: string,
  value: string | number | object | null | undefined,
  expected: string,
): LoomError {
  const shown = typeof value === 'object' ? typeof value : JSON.stringify(value?.toString().slice(0, 60));
  return new LoomError('LOOM_INVALID_OPTION', `${option} is ${shown}; give ${expected}.`, { option });
}
