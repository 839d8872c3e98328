import validSemver from 'semver/functions/valid.js';
import { LoomError } from '@certoai/loom-core';
import { frozenCopy, isPlainObject } from '../internal/plain-data.js';
import { nearestName } from '../internal/nearest-name.js';
import type { ActorMetadata } from '../metadata/actor-metadata.js';

/** `ready` takes work; `draining` finishes what it has; `unhealthy` says of itself that it cannot work. */
export type InstanceStatus = 'ready' | 'draining' | 'unhealthy';

/** One actor type in one version, as an instance hosts it. */
export interface HostedActor {
  /** 1 to 128 letters, digits, `.`, `_` or `-`. */
  readonly type: string;
  /** Semantic version. */
  readonly version: string;
  /** @default none */
  readonly capabilities?: readonly string[] | undefined;
  /** @default none */
  readonly tags?: readonly string[] | undefined;
}

export interface InstanceSlots {
  /** Tasks that run now. Count, 0 to `total`. */
  readonly used: number;
  /** Tasks that can run at the same time. Count, 0 or more. */
  readonly total: number;
}

/** One worker that is alive, and what it hosts. Plain JSON data. */
export interface ActorInstance {
  /** Unique to one start of one worker: 1 to 256 characters. */
  readonly id: string;
  /** Name of the worker; several instances may share it. */
  readonly worker: string;
  /** The actor types it hosts. The same type may be there in several versions. */
  readonly actors: readonly HostedActor[];
  /** Where it runs and what sets it apart, such as `{ zone: 'west', gpu: 'a100' }`. @default none */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** What every actor of this instance can do here, beside its own capabilities. @default none */
  readonly capabilities?: readonly string[] | undefined;
  readonly status: InstanceStatus;
  readonly slots: InstanceSlots;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
}

/** What a heartbeat may change beside the lease. */
export interface InstanceUpdate {
  readonly status?: InstanceStatus | undefined;
  readonly slots?: InstanceSlots | undefined;
}

/** What an instance says of an actor type that it hosts. */
export function hostedActor({ type, version, capabilities, tags }: ActorMetadata): HostedActor {
  return { type, version, capabilities, tags };
}

/**
 * A frozen copy with lists and labels filled in, for adapters of {@link InstanceRegistry}.
 * @throws LoomError `LOOM_INVALID_OPTION` that names the field and its value
 */
export function checkInstance(instance: ActorInstance): ActorInstance {
  const { id, worker, actors, labels = {}, capabilities = [], status, slots, startedAt } = instance;
  checkText('id', id);
  checkText('worker', worker);
  if (!Array.isArray(actors)) throw refused('actors', actors, 'give a list of { type, version }');
  const hosted = actors.map((actor, index) => checkActor(actor, `actors.${index}`));
  const names = hosted.map(({ type, version }) => `${type}@${version}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refused('actors', twice, 'give each type and version once');
  if (!isPlainObject(labels)) throw refused('labels', labels, 'give texts by name');
  for (const [name, label] of Object.entries(labels)) {
    if (typeof label !== 'string') throw refused(`labels.${name}`, label, 'give text');
  }
  checkWords('capabilities', capabilities);
  checkUpdate({ status, slots });
  if (status === undefined) throw refused('status', status, `give one of ${statuses.join(', ')}`);
  if (slots === undefined) throw refused('slots', slots, 'give { used, total }');
  if (!Number.isSafeInteger(startedAt)) {
    throw refused('startedAt', startedAt, 'give milliseconds since the epoch');
  }
  return frozenCopy({
    id,
    worker,
    actors: hosted,
    labels,
    capabilities,
    status,
    slots: { ...slots },
    startedAt,
  });
}

const statuses: readonly InstanceStatus[] = ['ready', 'draining', 'unhealthy'];

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkUpdate({ status, slots }: InstanceUpdate): void {
  if (status !== undefined && !statuses.includes(status)) {
    const meant = nearestName(String(status), statuses);
    throw refused(
      'status',
      status,
      `give one of ${statuses.join(', ')}`,
      meant === undefined ? '' : ` Did you mean "${meant}"?`,
    );
  }
  if (slots === undefined) return;
  const { used, total } = slots;
  if (!Number.isSafeInteger(total) || total < 0)
    throw refused('slots.total', total, 'give a whole number, 0 or more');
  if (!Number.isSafeInteger(used) || used < 0 || used > total) {
    throw refused('slots.used', used, `give a whole number from 0 to slots.total, which is ${total}`);
  }
}

function checkActor(actor: HostedActor, path: string): HostedActor {
  if (!isPlainObject(actor)) throw refused(path, actor, 'give { type, version }');
  const { type, version, capabilities = [], tags = [] } = actor;
  if (typeof type !== 'string' || !/^[A-Za-z0-9._-]{1,128}$/.test(type)) {
    throw refused(`${path}.type`, type, 'give 1 to 128 letters, digits, ".", "_" or "-"');
  }
  if (typeof version !== 'string' || validSemver(version) !== version) {
    throw refused(`${path}.version`, version, 'give a semantic version such as 1.4.0');
  }
  checkWords(`${path}.capabilities`, capabilities);
  checkWords(`${path}.tags`, tags);
  return { type, version, capabilities, tags };
}

function checkText(path: string, value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '' || value.length > 256) {
    throw refused(path, value, 'give text of 1 to 256 characters');
  }
}

function checkWords(path: string, value: unknown): void {
  if (!Array.isArray(value) || !value.every((word) => typeof word === 'string' && word !== '')) {
    throw refused(path, value, 'give a list of words');
  }
}

function refused(path: string, value: unknown, wanted: string, hint = ''): LoomError {
  const shown = typeof value === 'object' ? (Array.isArray(value) ? 'a list' : value && 'an object') : value;
  const given =
    typeof shown === 'string' && shown === value ? JSON.stringify(shown.slice(0, 60)) : String(shown);
  const message = `${path} of an actor instance is ${given}; ${wanted}.${hint}`;
  return new LoomError('LOOM_INVALID_OPTION', message, { option: path });
}
