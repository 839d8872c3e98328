import type {
  Clock,
  DeadLetterGroup,
  DeadLetterListOptions,
  DeadLetterPage,
  DeadLetters,
  DeadLetterSelection,
} from '@certoai/loom-core';
import {
  checkQueueName,
  checkSelection,
  resolveListOptions,
  resolveRedriveInterval,
} from '../message-queue-options.js';
import type { MessageKeeper } from './message-keeper.js';
import type { StoredMessage } from './stored-message.js';

export interface LocalDeadLettersOptions {
  readonly keeper: MessageKeeper;
  readonly clock: Clock;
  /** @throws LoomError `LOOM_CLOSED` */
  readonly checkOpen: () => void;
  /** Takes those that wait again. */
  readonly putBack: (queue: string, messages: readonly StoredMessage[]) => void;
}

export class LocalDeadLetters implements DeadLetters {
  readonly #options: LocalDeadLettersOptions;

  constructor(options: LocalDeadLettersOptions) {
    this.#options = options;
  }

  async list(queue: string, options?: DeadLetterListOptions): Promise<DeadLetterPage> {
    this.#check(queue);
    return this.#options.keeper.listDead(queue, resolveListOptions(options));
  }

  async groups(queue: string): Promise<readonly DeadLetterGroup[]> {
    this.#check(queue);
    return this.#options.keeper.groupDead(queue);
  }

  async redrive(
    queue: string,
    options: DeadLetterSelection & { readonly perSecond?: number | undefined } = {},
  ): Promise<number> {
    this.#check(queue);
    checkSelection(options);
    const intervalMs = resolveRedriveInterval(options.perSecond);
    const { keeper, clock, putBack } = this.#options;
    const revived = await keeper.revive(queue, options, { now: clock.now(), intervalMs });
    putBack(queue, revived);
    return revived.length;
  }

  async discard(queue: string, options: DeadLetterSelection = {}): Promise<number> {
    this.#check(queue);
    checkSelection(options);
    return this.#options.keeper.discardDead(queue, options);
  }

  #check(queue: string): void {
    this.#options.checkOpen();
    checkQueueName(queue);
  }
}
