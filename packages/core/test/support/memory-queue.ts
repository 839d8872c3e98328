import type {
  Clock,
  ConsumeOptions,
  Consumer,
  DeadLetter,
  DeadLetters,
  DeadLetterSelection,
  Delivery,
  DeliveryHandler,
  GroupStats,
  JsonValue,
  MessageGroup,
  MessageQueue,
  OutgoingMessage,
  QueueStats,
  Verdict,
} from '@certoai/loom-core';
import { errorRecord, LoomError, toJsonText } from '@certoai/loom-core';

interface Kept {
  readonly id: string;
  readonly queue: string;
  readonly text: string;
  readonly priority: number;
  readonly sentAt: number;
  readonly dedupeId: string | undefined;
  readonly group: Group;
  sequence: number;
  dueAt: number;
  attempts: number;
  state: 'waiting' | 'active' | 'dead' | 'gone';
  delivery: MemoryDelivery | undefined;
  reason: string;
  diedAt: number;
}

/** Messages of one key; those without one are a group without limits. */
interface Group {
  limits: Omit<MessageGroup, 'key'>;
  /** The lower, the longer it has waited. */
  turn: number;
  active: number;
  readonly begun: number[];
}

interface Ready {
  readonly at: number;
  readonly lines: ReadonlyMap<Group, Kept[]>;
  readonly nextDue: number;
}

type Settings = Required<{ [Key in keyof ConsumeOptions]: number }>;

/** The port in the fewest lines that pass its suite. Every step looks at every message: it is for tests. */
export class MemoryQueue implements MessageQueue {
  readonly capabilities = { durable: false, shared: false };
  readonly deadLetters: DeadLetters = this.#createDeadLetters();
  /** Everything that was stored, in order. */
  readonly sent: { readonly queue: string; readonly body: JsonValue }[] = [];
  /** Thrown by the next `consume`, once. */
  failNextConsume: Error | undefined;
  readonly #clock: Clock;
  readonly #messages = new Map<string, Kept>();
  readonly #byDedupeId = new Map<string, Kept>();
  readonly #groups = new Map<string, Group>();
  readonly #paused = new Set<string>();
  readonly #consumers = new Set<MemoryConsumer>();
  #next = 0;
  #turns = 0;
  #dispatching = false;
  #due: Ready | undefined;
  #cancelTimer: () => void = () => {};
  #closing: Promise<void> | undefined;
  #released = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly string[]> {
    this.#check(queue);
    if (!Array.isArray(messages)) throw invalid('messages', messages);
    const now = this.#clock.now();
    const made = (messages as readonly OutgoingMessage[]).map((message) => {
      if (typeof message !== 'object' || message === null) throw invalid('messages', message);
      const { body, delayMs = 0, priority = 0, dedupeId, group } = message;
      inRange('delayMs', delayMs, 0, Number.MAX_VALUE, false);
      inRange('priority', priority, 0, 100);
      const isId = typeof dedupeId === 'string' && dedupeId.length >= 1 && dedupeId.length <= 1_000;
      if (dedupeId !== undefined && !isId) throw invalid('dedupeId', dedupeId);
      const text = toJsonText(body, { what: 'body', maxBytes: 67_108_864 });
      if (group !== undefined) checkGroup(group);
      return { text, priority, dedupeId, dueAt: now + delayMs, limits: group };
    });
    const waiting = new Set(
      this.#of(queue)
        .filter(({ state }) => state === 'waiting')
        .map(({ group }) => group),
    );
    const ids = made.map(({ dedupeId, limits, ...rest }) => {
      const group = this.#groupOf(queue, limits?.key);
      if (limits) group.limits = limits;
      const known = dedupeId === undefined ? undefined : this.#byDedupeId.get(`${queue}/${dedupeId}`);
      if (known && (known.state !== 'gone' || now < known.sentAt + 3_600_000)) return known.id;
      const sequence = this.#next++;
      const message: Kept = {
        ...rest,
        queue,
        dedupeId,
        group,
        sequence,
        id: `m${sequence}`,
        sentAt: now,
        attempts: 0,
        state: 'waiting',
        delivery: undefined,
        reason: '',
        diedAt: 0,
      };
      if (!waiting.has(group)) group.turn = this.#turns++;
      waiting.add(group);
      this.#messages.set(message.id, message);
      this.#due = undefined;
      if (dedupeId !== undefined) this.#byDedupeId.set(`${queue}/${dedupeId}`, message);
      this.sent.push({ queue, body: JSON.parse(rest.text) as JsonValue });
      return message.id;
    });
    this.#endUnlessConsumed(queue);
    this.#dispatchSoon();
    return ids;
  }

  async consume(queue: string, handler: DeliveryHandler, options: ConsumeOptions = {}): Promise<Consumer> {
    this.#check(queue);
    if (this.#closing) throw closed();
    const { failNextConsume } = this;
    this.failNextConsume = undefined;
    if (failNextConsume) throw failNextConsume;
    if (typeof handler !== 'function') throw invalid('handler', handler);
    const { concurrency = 1, leaseMs = 5_000, maxDeliveries = 5, retryDelayMs = 1_000 } = options;
    inRange('concurrency', concurrency, 1, 10_000);
    inRange('leaseMs', leaseMs, 100, 43_200_000, false);
    inRange('maxDeliveries', maxDeliveries, 1, Number.MAX_SAFE_INTEGER);
    inRange('retryDelayMs', retryDelayMs, 0, Number.MAX_SAFE_INTEGER, false);
    const settings = { concurrency, leaseMs, maxDeliveries, retryDelayMs };
    const consumer = new MemoryConsumer(queue, handler, settings, () => {
      this.#consumers.delete(consumer);
      this.#endUnlessConsumed(queue);
    });
    this.#consumers.add(consumer);
    this.#dispatchSoon();
    return consumer;
  }

  async withdraw(queue: string, ids: readonly string[]): Promise<number> {
    this.#check(queue);
    if (!(Array.isArray(ids) && ids.every((id) => typeof id === 'string'))) throw invalid('ids', ids);
    const named = new Set(ids);
    const wanted = this.#of(queue).filter(({ id, state }) => named.has(id) && state !== 'dead');
    for (const message of wanted) {
      message.state = 'gone';
      this.#messages.delete(message.id);
      message.delivery?.cancel();
    }
    this.#dispatchSoon();
    return wanted.length;
  }

  async group(queue: string, key: string): Promise<GroupStats> {
    this.#check(queue);
    checkGroup({ key });
    const now = this.#clock.now();
    const group = this.#groupOf(queue, key);
    const of = this.#of(queue).filter((message) => message.group === group);
    const openAt = opensAt(group);
    return {
      waiting: of.filter(({ state, dueAt }) => state === 'waiting' && dueAt <= now).length,
      active: group.active,
      openAt: openAt > now ? openAt : null,
    };
  }

  async stats(queue: string): Promise<QueueStats> {
    this.#check(queue);
    const now = this.#clock.now();
    const all = this.#of(queue);
    const ready = all.filter(({ state, dueAt }) => state === 'waiting' && dueAt <= now);
    const since = Math.min(...ready.map(({ dueAt }) => dueAt));
    return {
      ready: ready.length,
      delayed: all.filter(({ state, dueAt }) => state === 'waiting' && dueAt > now).length,
      active: all.filter(({ state }) => state === 'active').length,
      dead: all.filter(({ state }) => state === 'dead').length,
      paused: this.#paused.has(queue),
      oldestReadyAgeMs: ready.length === 0 ? null : now - since,
    };
  }

  async pause(queue: string): Promise<void> {
    this.#check(queue);
    if (isTemporary(queue)) throw invalid('queue', queue);
    this.#paused.add(queue);
  }

  async resume(queue: string): Promise<void> {
    this.#check(queue);
    if (isTemporary(queue)) throw invalid('queue', queue);
    this.#paused.delete(queue);
    this.#dispatchSoon();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As when a process slept past its lease: another consumer may have what runs. */
  loseLeases(queue: string): void {
    for (const consumer of this.#consumers) {
      if (consumer.queue !== queue) continue;
      for (const delivery of consumer.running) delivery.loseLease();
    }
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#released = true;
    this.#cancelTimer();
  }

  #endUnlessConsumed(queue: string): void {
    if (!isTemporary(queue) || [...this.#consumers].some((one) => one.queue === queue)) return;
    for (const message of this.#of(queue)) {
      message.state = 'gone';
      this.#messages.delete(message.id);
    }
  }

  #of(queue: string): Kept[] {
    return [...this.#messages.values()].filter((message) => message.queue === queue);
  }

  #check(queue: string): void {
    if (this.#released) throw closed();
    if (typeof queue !== 'string' || !/^[A-Za-z0-9._-]{1,200}$/.test(queue)) throw invalid('queue', queue);
  }

  #dispatchSoon(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    queueMicrotask(() => {
      this.#dispatching = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#released) return;
    this.#cancelTimer();
    const now = this.#clock.now();
    for (let next = this.#pick(now); next; next = this.#pick(now)) {
      const { group } = next.message;
      group.turn = this.#turns++;
      if (group.limits.rate) group.begun.push(now);
      void this.#deliver(next.message, next.consumer);
    }
    const { lines, nextDue } = this.#ready(now);
    const next = Math.min(nextDue, ...[...lines.keys()].map(opensAt).filter((time) => time > now));
    if (next < Infinity) this.#cancelTimer = this.#clock.setTimer(next - now, () => this.#dispatch());
  }

  /** What comes next: the group that has waited longest, in it the highest priority, of these the oldest. */
  #pick(now: number): { readonly message: Kept; readonly consumer: MemoryConsumer } | undefined {
    const free = new Map([...this.#consumers].filter((one) => one.hasPlace).map((one) => [one.queue, one]));
    if (free.size === 0) return undefined;
    let best: Kept | undefined;
    for (const [group, line] of this.#ready(now).lines) {
      while (line.length > 0 && line.at(-1)?.state !== 'waiting') line.pop();
      const message = line.at(-1);
      if (!message || !free.has(message.queue) || this.#paused.has(message.queue)) continue;
      if (group.active >= (group.limits.concurrency ?? Infinity) || opensAt(group) > now) continue;
      if (!best || group.turn < best.group.turn) best = message;
    }
    return best && { message: best, consumer: free.get(best.queue) as MemoryConsumer };
  }

  /** What is due, by group, the next one last. Kept until something is added or time passes. */
  #ready(now: number): Ready {
    if (this.#due?.at === now) return this.#due;
    const lines = new Map<Group, Kept[]>();
    let nextDue = Infinity;
    for (const message of this.#messages.values()) {
      if (message.state !== 'waiting') continue;
      const { dueAt, group } = message;
      if (dueAt > now) nextDue = Math.min(nextDue, dueAt);
      else if (lines.has(group)) lines.get(group)?.push(message);
      else lines.set(group, [message]);
    }
    for (const line of lines.values())
      line.sort((a, b) => a.priority - b.priority || b.sequence - a.sequence);
    return (this.#due = { at: now, lines, nextDue });
  }

  #groupOf(queue: string, key = ''): Group {
    const name = `${queue}/${key}`;
    const group = this.#groups.get(name) ?? { limits: {}, turn: 0, active: 0, begun: [] };
    this.#groups.set(name, group);
    return group;
  }

  async #deliver(message: Kept, consumer: MemoryConsumer): Promise<void> {
    message.state = 'active';
    message.group.active += 1;
    message.attempts += 1;
    const delivery = new MemoryDelivery(message);
    message.delivery = delivery;
    consumer.begin(delivery);
    // No handler runs inside the call that made its message available.
    await Promise.resolve();
    try {
      const verdict = await consumer.handler(delivery);
      if (delivery.isHeld) this.#apply(verdict, message, consumer.settings);
    } catch (error) {
      const { maxDeliveries, retryDelayMs } = consumer.settings;
      if (!delivery.isHeld) {
        // Whatever it ends with counts for nothing.
      } else if (delivery.isAborted) this.#apply({ kind: 'release' }, message, consumer.settings);
      else if (message.attempts >= maxDeliveries) this.#bury(message, reasonOf(error));
      else this.#wait(message, retryDelayMs);
    }
    if (delivery.isLost) this.#wait(message, 0);
    delivery.hasEnded = true;
    message.group.active -= 1;
    consumer.end(delivery);
    this.#dispatchSoon();
  }

  #apply(verdict: Verdict | void, message: Kept, { maxDeliveries }: Settings): void {
    if (verdict === undefined) {
      message.state = 'gone';
      this.#messages.delete(message.id);
      return;
    }
    switch (verdict.kind) {
      case 'retry': {
        const { delayMs = 0 } = verdict;
        inRange('delayMs', delayMs, 0, Number.MAX_SAFE_INTEGER, false);
        if (message.attempts < maxDeliveries) return this.#wait(message, delayMs);
        return this.#bury(message, 'The handler asked to retry more often than is allowed.');
      }
      case 'release':
        message.attempts -= 1;
        message.sequence -= 0.5;
        this.#wait(message, 0);
        // A handler that gives everything back must not keep the event loop to itself.
        message.state = 'active';
        setImmediate(() => {
          if (message.state === 'gone') return;
          this.#wait(message, 0);
          this.#dispatch();
        });
        return;
      case 'dead-letter':
        return this.#bury(message, verdict.reason === '' ? reasonOf(verdict.error) : verdict.reason);
      default:
        throw invalid('verdict', verdict);
    }
  }

  #wait(message: Kept, delayMs: number): void {
    this.#due = undefined;
    message.state = 'waiting';
    message.dueAt = this.#clock.now() + delayMs;
  }

  #bury(message: Kept, reason: string): void {
    message.state = 'dead';
    message.reason = reason;
    message.diedAt = this.#clock.now();
    message.sequence = this.#next++;
  }

  #dead(queue: string, { ids, fingerprint }: DeadLetterSelection = {}): Kept[] {
    if (ids !== undefined && !(Array.isArray(ids) && ids.every((id) => typeof id === 'string'))) {
      throw invalid('ids', ids);
    }
    if (fingerprint !== undefined && typeof fingerprint !== 'string')
      throw invalid('fingerprint', fingerprint);
    return this.#of(queue)
      .filter(({ state }) => state === 'dead')
      .filter(
        ({ id, reason }) => (ids?.includes(id) ?? true) && (fingerprint ?? kindOf(reason)) === kindOf(reason),
      )
      .sort((a, b) => a.sequence - b.sequence);
  }

  #createDeadLetters(): DeadLetters {
    return {
      list: async (queue, options = {}) => {
        this.#check(queue);
        const { limit = 100, cursor } = options;
        inRange('limit', limit, 1, 1_000);
        if (cursor !== undefined && (typeof cursor !== 'string' || !/^\d+$/.test(cursor)))
          throw invalid('cursor', cursor);
        const rest = this.#dead(queue, options).filter(({ sequence }) => sequence > Number(cursor ?? -1));
        const items = rest.slice(0, limit);
        const next = rest.length > items.length ? { cursor: String(items.at(-1)?.sequence) } : {};
        return { items: items.map(deadLetterOf), ...next };
      },
      groups: async (queue) => {
        this.#check(queue);
        return [...groupByKind(this.#dead(queue))]
          .map(([fingerprint, all]) => ({
            fingerprint,
            count: all.length,
            reason: all.at(-1)?.reason ?? '',
            oldestAt: all[0]?.diedAt ?? 0,
            newestAt: all.at(-1)?.diedAt ?? 0,
          }))
          .sort((a, b) => b.count - a.count);
      },
      redrive: async (queue, options = {}) => {
        this.#check(queue);
        const { perSecond } = options;
        if (perSecond !== undefined)
          inRange('perSecond', perSecond, Number.MIN_VALUE, Number.MAX_VALUE, false);
        const chosen = this.#dead(queue, options);
        for (const [index, message] of chosen.entries()) {
          this.#wait(message, perSecond === undefined ? 0 : (index * 1_000) / perSecond);
          message.attempts = 0;
        }
        this.#dispatchSoon();
        return chosen.length;
      },
      discard: async (queue, options) => {
        this.#check(queue);
        const chosen = this.#dead(queue, options);
        for (const message of chosen) {
          message.state = 'gone';
          this.#messages.delete(message.id);
        }
        return chosen.length;
      },
    };
  }
}

class MemoryConsumer implements Consumer {
  readonly queue: string;
  readonly handler: DeliveryHandler;
  readonly settings: Settings;
  readonly running = new Set<MemoryDelivery>();
  readonly #onClosed: () => void;
  #isOpen = true;
  #closing: Promise<void> | undefined;
  #drained: () => void = () => {};

  constructor(queue: string, handler: DeliveryHandler, settings: Settings, onClosed: () => void) {
    this.queue = queue;
    this.handler = handler;
    this.settings = settings;
    this.#onClosed = onClosed;
  }

  get hasPlace(): boolean {
    return this.#isOpen && this.running.size < this.settings.concurrency;
  }

  begin(delivery: MemoryDelivery): void {
    this.running.add(delivery);
  }

  end(delivery: MemoryDelivery): void {
    this.running.delete(delivery);
    if (this.running.size === 0) this.#drained();
  }

  close({ abort = false }: { readonly abort?: boolean | undefined } = {}): Promise<void> {
    this.#isOpen = false;
    if (abort) for (const delivery of this.running) delivery.abort();
    this.#closing ??= new Promise<void>((resolve) => {
      this.#drained = resolve;
      if (this.running.size === 0) resolve();
    }).then(this.#onClosed);
    return this.#closing;
  }
}

class MemoryDelivery implements Delivery {
  readonly id: string;
  readonly queue: string;
  readonly body: JsonValue;
  readonly attempt: number;
  readonly sentAt: number;
  readonly #controller = new AbortController();
  hasEnded = false;
  isAborted = false;
  isLost = false;
  isGone = false;

  constructor({ id, queue, text, attempts, sentAt }: Kept) {
    this.id = id;
    this.queue = queue;
    this.body = JSON.parse(text) as JsonValue;
    this.attempt = attempts;
    this.sentAt = sentAt;
  }

  /** Neither withdrawn nor somebody else's. */
  get isHeld(): boolean {
    return !this.isLost && !this.isGone;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async extend(leaseMs: number): Promise<void> {
    inRange('leaseMs', leaseMs, 100, 43_200_000, false);
    if (this.hasEnded || !this.isHeld) throw leaseLost(this.id);
  }

  abort(): void {
    if (this.hasEnded) return;
    this.isAborted = true;
    this.#controller.abort(new LoomError('LOOM_CLOSED', 'The consumer is closing.'));
  }

  cancel(): void {
    this.isGone = true;
    if (!this.hasEnded) this.#controller.abort(new LoomError('LOOM_CANCELLED', 'It was withdrawn.'));
  }

  loseLease(): void {
    this.isLost = true;
    this.#controller.abort(leaseLost(this.id));
  }
}

function isTemporary(queue: string): boolean {
  return queue.startsWith('loom.replies.');
}

/** When its rate lets the next message begin. */
function opensAt({ limits: { rate }, begun }: Group): number {
  return rate && begun.length >= rate.limit ? (begun.at(-rate.limit) as number) + rate.perMs : 0;
}

function checkGroup(group: MessageGroup): void {
  if (typeof group !== 'object' || group === null) throw invalid('group', group);
  const { key, concurrency, rate } = group;
  if (typeof key !== 'string' || key.length < 1 || key.length > 256) throw invalid('group.key', key);
  if (concurrency !== undefined) inRange('group.concurrency', concurrency, 1, Number.MAX_SAFE_INTEGER);
  if (rate === undefined) return;
  if (typeof rate !== 'object' || rate === null) throw invalid('group.rate', rate);
  inRange('group.rate.limit', rate.limit, 1, Number.MAX_SAFE_INTEGER);
  inRange('group.rate.perMs', rate.perMs, 1, Number.MAX_VALUE, false);
}

function groupByKind(messages: readonly Kept[]): Map<string, Kept[]> {
  const groups = new Map<string, Kept[]>();
  for (const message of messages) {
    const kind = kindOf(message.reason);
    groups.set(kind, [...(groups.get(kind) ?? []), message]);
  }
  return groups;
}

function deadLetterOf({ id, text, reason, attempts, sentAt, diedAt }: Kept): DeadLetter {
  const body = JSON.parse(text) as JsonValue;
  return { id, body, reason, fingerprint: kindOf(reason), attempts, sentAt, diedAt };
}

function kindOf(reason: string): string {
  return reason.replace(/"[^"]*"|\S*\d\S*/g, '<value>');
}

function reasonOf(error: unknown): string {
  if (typeof error === 'string' && error !== '') return error;
  const { name, message } = errorRecord(error);
  if (name === 'NonError' && typeof (error as Error | undefined)?.message === 'string')
    return (error as Error).message;
  return message || 'Rejected without a reason.';
}

function inRange(name: string, value: unknown, min: number, max: number, whole = true): void {
  const isNumber = typeof value === 'number' && value >= min && value <= max;
  if (!isNumber || !Number.isFinite(value) || (whole && !Number.isInteger(value))) throw invalid(name, value);
}

function invalid(option: string, value: unknown): LoomError {
  return new LoomError('LOOM_INVALID_OPTION', `${option} is not valid.`, { option, type: typeof value });
}

function closed(): LoomError {
  return new LoomError('LOOM_CLOSED', 'The message queue is closed.');
}

function leaseLost(id: string): LoomError {
  return new LoomError('LOOM_LEASE_LOST', `The lease of message "${id}" has ended.`);
}
