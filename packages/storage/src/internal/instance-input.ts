import { LoomError } from '@certoai/loom-core';
import type { ActorInstance, HostedActor, InstanceStatus, InstanceUpdate } from '@certoai/loom-core';

/** An instance that passed every check, with lists and labels filled in: frozen, and held by nobody else. */
export type CheckedInstance = {
  readonly [Field in keyof ActorInstance]-?: NonNullable<ActorInstance[Field]>;
};

const statuses: readonly InstanceStatus[] = ['ready', 'draining', 'unhealthy'];
/** The grammar of https://semver.org/spec/v2.0.0.html#backusnaur-form-grammar-for-valid-semver-versions */
export const semver =
  /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-(0|[1-9]\d*|\d*[a-z-][a-z\d-]*)(\.(0|[1-9]\d*|\d*[a-z-][a-z\d-]*))*)?(\+[a-z\d-]+(\.[a-z\d-]+)*)?$/i;

/** @throws LoomError `LOOM_INVALID_OPTION` that names the field and its value */
export function checkInstance(instance: ActorInstance): CheckedInstance {
  const { id, worker, actors, labels = {}, capabilities = [], status, slots, startedAt } = instance;
  checkInstanceId(id);
  checkText('worker', worker);
  if (!Array.isArray(actors)) throw refused('actors', actors, 'give a list of { type, version }');
  const hosted = actors.map((actor: HostedActor, index) => checkActor(actor, `actors.${index}`));
  const names = hosted.map(({ type, version }) => `${type}@${version}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refused('actors', twice, 'give each type and version once');
  if (!isObject(labels)) throw refused('labels', labels, 'give texts by name');
  for (const [name, label] of Object.entries(labels)) {
    if (typeof label !== 'string') throw refused(`labels.${name}`, label, 'give text');
  }
  if (!statuses.includes(status)) throw refusedStatus(status);
  if (!isObject(slots)) throw refused('slots', slots, 'give { used, total }');
  checkUpdate({ status, slots });
  if (!Number.isSafeInteger(startedAt)) {
    throw refused('startedAt', startedAt, 'give milliseconds since the epoch');
  }
  const { used, total } = slots;
  return Object.freeze({
    id,
    worker,
    actors: Object.freeze(hosted),
    labels: Object.freeze({ ...labels }),
    capabilities: words('capabilities', capabilities),
    status,
    slots: Object.freeze({ used, total }),
    startedAt,
  });
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkUpdate({ status, slots }: InstanceUpdate): void {
  if (status !== undefined && !statuses.includes(status)) throw refusedStatus(status);
  if (slots === undefined) return;
  const { used, total } = slots;
  if (!Number.isSafeInteger(total) || total < 0)
    throw refused('slots.total', total, 'give a whole number, 0 or more');
  if (!Number.isSafeInteger(used) || used < 0 || used > total) {
    throw refused('slots.used', used, `give a whole number from 0 to slots.total, which is ${total}`);
  }
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkInstanceId(id: string): void {
  checkText('id', id);
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkLeaseMs(leaseMs: number): number {
  if (Number.isSafeInteger(leaseMs) && leaseMs >= 1) return leaseMs;
  throw invalid('leaseMs', `leaseMs is ${leaseMs}; give a whole number, 1 or more.`);
}

type CheckedActor = Required<Omit<HostedActor, 'lane'>> & Pick<HostedActor, 'lane'>;

function checkActor(actor: HostedActor, path: string): CheckedActor {
  if (!isObject(actor)) throw refused(path, actor, 'give { type, version }');
  const { type, version, capabilities = [], tags = [], lane } = actor;
  if (typeof type !== 'string' || !/^[A-Za-z0-9._-]{1,128}$/.test(type)) {
    throw refused(`${path}.type`, type, 'give 1 to 128 letters, digits, ".", "_" or "-"');
  }
  if (typeof version !== 'string' || version.length > 256 || !semver.test(version)) {
    throw refused(`${path}.version`, version, 'give a semantic version such as 1.4.0');
  }
  if (lane !== undefined && !(typeof lane === 'string' && /^[A-Za-z0-9._-]{1,200}$/.test(lane))) {
    throw refused(`${path}.lane`, lane, 'give the name of a queue');
  }
  return Object.freeze({
    type,
    version,
    ...(lane !== undefined && { lane }),
    capabilities: words(`${path}.capabilities`, capabilities),
    tags: words(`${path}.tags`, tags),
  });
}

function checkText(path: string, value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '' || value.length > 256) {
    throw refused(path, value, 'give text of 1 to 256 characters');
  }
}

function words(path: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((word) => typeof word === 'string' && word !== ''))
    return Object.freeze(value.map(String));
  throw refused(path, value, 'give a list of words');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusedStatus(status: unknown): LoomError {
  return refused('status', status, `give one of ${statuses.join(', ')}`);
}

function refused(path: string, value: unknown, wanted: string): LoomError {
  const isThing = typeof value === 'object' && value !== null;
  const shown = isThing
    ? Array.isArray(value)
      ? 'a list'
      : 'an object'
    : typeof value === 'string'
      ? JSON.stringify(value.slice(0, 60))
      : String(value);
  return invalid(path, `${path} of an actor instance is ${shown}; ${wanted}.`);
}

function invalid(option: string, message: string): LoomError {
  return new LoomError('LOOM_INVALID_OPTION', message, { option });
}
