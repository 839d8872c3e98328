import type { TaskContext } from './context.js';

/* oxlint-disable typescript/no-explicit-any -- these types only say which method a handler has; its author types its message */

/** An `Actor`, or any object that receives as one. */
export interface ReceiveHandler {
  onReceive(message: any, context: any): unknown;
}
export interface ExecuteHandler {
  execute(input: any, context: any): unknown;
}
export interface ProcessHandler {
  process(message: any, context?: any): unknown;
}
export type ActorHandler = ReceiveHandler | ExecuteHandler | ProcessHandler;
export type ActorFunction = (message: any, context: TaskContext) => unknown;
export type ActorClass = new () => ActorHandler;

/** Makes a fresh handler each time one is needed. */
export interface ActorFactory {
  create(): ActorHandler | ActorFunction | Promise<ActorHandler | ActorFunction>;
}

/** Everything that can be registered or spawned as an actor. An instance is one actor, and stays one. */
export type ActorSource = ActorClass | ActorHandler | ActorFactory | ActorFunction;
