import { setTimeout as wait } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize } from '../auth/authorize.js';
import type { Authority } from '../auth/authorize.js';
import type { FaultEffect, FaultTiming } from '../faults/fault-rule.js';
import type { Faults } from '../faults/faults.js';
import type { Account } from '../store/account.js';
import { IncomingRequest } from './incoming-request.js';
import { operationOf } from './operation.js';
import type { Operation } from './operation.js';
import type { Reply } from './reply.js';
import type { RequestLog } from './request-log.js';
import { errorReply, faultReply, send } from './response.js';
import { route } from './router.js';
import { refuseUnsupported } from './unsupported-headers.js';

export interface RequestHandlerOptions {
  readonly account: Account;
  readonly authority: Authority;
  readonly faults: Faults;
  readonly log: RequestLog;
  /** Aborted when the server closes: ends delays. */
  readonly closing: AbortSignal;
}

/** From a request to its answer: faults before, authorisation, the work, faults after. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  /** Where clients reach the server; told to them. */
  endpoint = '';

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const outcome = await this.#answer(message).catch((error: unknown) => ({
      reply: errorReply(error),
      operation: undefined,
    }));
    this.#record(message, outcome);
    if (outcome.reply === undefined) response.destroy();
    else send(response, outcome.reply);
  }

  /** No reply: the connection is cut. */
  async #answer(message: IncomingMessage): Promise<Outcome> {
    const request = await IncomingRequest.read(message);
    const operation = operationOf(request);
    const effects = this.#options.faults.strike(operation);
    const before = await this.#suffer(effects, 'before');
    if (before) return { operation, reply: before.reply };
    const reply = this.#work(request, operation);
    const after = await this.#suffer(effects, 'after');
    return { operation, reply: after ? after.reply : reply };
  }

  #work(request: IncomingRequest, operation: Operation): Reply {
    const { account, authority } = this.#options;
    try {
      authorize(request, operation.kind, authority);
      refuseUnsupported(request);
      return route(account, operation, request, this.endpoint);
    } catch (error) {
      return errorReply(error);
    }
  }

  /** Waits for the delays. @returns what takes the place of the answer, if anything does */
  async #suffer(
    effects: readonly FaultEffect[],
    now: FaultTiming,
  ): Promise<{ readonly reply: Reply | undefined } | undefined> {
    let instead: { readonly reply: Reply | undefined } | undefined;
    for (const effect of effects) {
      const { when = 'before' } = effect;
      if (when !== now) continue;
      // A server that closes cuts its connections: nobody waits for the answer.
      if (effect.kind === 'delay')
        await wait(effect.ms, undefined, { signal: this.#options.closing }).catch(() => undefined);
      else instead = { reply: effect.kind === 'answer' ? faultReply(effect) : undefined };
    }
    return instead;
  }

  #record({ method = '', url = '', headers }: IncomingMessage, { reply, operation }: Outcome): void {
    const { authorization: _, ...others } = headers;
    const sub = reply?.headers?.['x-ms-substatus'];
    this.#options.log.add({
      method,
      path: url,
      operation: operation?.kind,
      status: reply?.status ?? 0,
      substatus: sub === undefined ? undefined : Number(sub),
      charge: reply?.charge ?? 0,
      headers: others,
    });
  }
}

interface Outcome {
  readonly operation: Operation | undefined;
  readonly reply: Reply | undefined;
}
