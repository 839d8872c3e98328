import { LoomError } from '@certoai/loom-core';
import type { ActorMetadata } from '../metadata/actor-metadata.js';
import { describeActor } from './callable-actors.js';

export interface AgentCardOptions {
  /** Where the agent answers: an absolute http or https address. */
  readonly url: string;
  /** How it answers there. @default JSONRPC */
  readonly protocolBinding?: 'JSONRPC' | 'GRPC' | 'HTTP+JSON' | undefined;
}

/** One ability of an agent. */
export interface AgentSkill {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Inputs as JSON text. */
  readonly examples?: readonly string[];
}

/** The card by which an agent introduces itself to others: Agent2Agent protocol 1.0. */
export interface AgentCard {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly supportedInterfaces: readonly {
    readonly url: string;
    readonly protocolBinding: string;
    readonly protocolVersion: '1.0';
  }[];
  readonly capabilities: { readonly streaming: boolean; readonly pushNotifications: boolean };
  readonly defaultInputModes: readonly string[];
  readonly defaultOutputModes: readonly string[];
  readonly skills: readonly AgentSkill[];
}

/**
 * The card of one actor. It has one skill with the actor's tags and capabilities.
 * @throws LoomError `LOOM_INVALID_OPTION` when `url` is no address, or `LOOM_UNSUPPORTED` when the actor is retired
 */
export function agentCard(metadata: ActorMetadata, options: AgentCardOptions): AgentCard {
  const { url, protocolBinding = 'JSONRPC' } = options;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    const message = `url is ${JSON.stringify(url)}; give an absolute address such as https://agents.example.com/mailer.`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'url' });
  }
  const { type, version, tags, capabilities, examples, lifecycle } = metadata;
  if (lifecycle.stage === 'retired') {
    const instead = lifecycle.replacement;
    const hint = instead === undefined ? 'Leave it out.' : `Introduce ${JSON.stringify(instead)} instead.`;
    const message = `Actor type ${JSON.stringify(type)} in version ${version} is retired, so it has no card. ${hint}`;
    throw new LoomError('LOOM_UNSUPPORTED', message, { type, version });
  }
  const description = describeActor(metadata);
  return {
    name: type,
    description,
    version,
    supportedInterfaces: [{ url, protocolBinding, protocolVersion: '1.0' }],
    capabilities: { streaming: false, pushNotifications: false },
    defaultInputModes: ['application/json'],
    defaultOutputModes: ['application/json'],
    skills: [
      {
        id: type,
        name: type,
        description,
        tags: [...new Set([...capabilities, ...tags])],
        ...(examples.length === 0 ? {} : { examples: examples.map(({ input }) => JSON.stringify(input)) }),
      },
    ],
  };
}
