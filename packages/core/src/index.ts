/// <reference lib="esnext.disposable" preserve="true" />
export { Actor } from './actor/actor.js';
export type {
  ActorClass,
  ActorFactory,
  ActorFunction,
  ActorHandler,
  ActorSource,
  ExecuteHandler,
  ProcessHandler,
  ReceiveHandler,
} from './actor/actor-source.js';
export type { ActorRef, AskOptions, StopOptions, TellOptions } from './actor/actor-ref.js';
export type { ActorContext, Behaviour, TaskContext } from './actor/context.js';
export type { ActorOptions, MailboxOptions, SpawnOptions } from './actor/spawn-options.js';
export type { Supervision, SupervisionDirective } from './actor/supervision.js';
export type { ActorTimers } from './actor/timers.js';
export type { ActorDeadLetter, ActorDeadLetters, DeadLetterReason } from './actor/dead-letters.js';
export { errorFromRecord } from './errors/error-from-record.js';
export { errorRecord } from './errors/error-record.js';
export { isLoomError, LoomError } from './errors/loom-error.js';
export type { ErrorDetails, LoomErrorCode } from './errors/loom-error.js';
export { backoffDelay } from './lifecycle/backoff.js';
export type { BackoffPolicy } from './lifecycle/backoff.js';
export { createIdSource } from './lifecycle/create-id-source.js';
export type { IdSourceOptions } from './lifecycle/create-id-source.js';
export { ReleaseStack } from './lifecycle/release-stack.js';
export { silentLogger } from './lifecycle/silent-logger.js';
export { systemClock } from './lifecycle/system-clock.js';
export type { Headers, Message, MessageEnvelope } from './message/envelope.js';
export { toJsonText } from './message/json-text.js';
export type { JsonTextOptions } from './message/json-text.js';
export type { JsonValue } from './message/json.js';
export type { BlobStore, BlobStoreCapabilities } from './ports/blob-store.js';
export type { Clock } from './ports/clock.js';
export type { ExecutionEvent, ExecutionEventType } from './ports/execution-events.js';
export type {
  ClaimReply,
  ClaimRequest,
  CommitReply,
  CreateReply,
  ExecutionHead,
  ExecutionPage,
  ExecutionQuery,
  ExecutionStatus,
  ExecutionStore,
  ExecutionStoreCapabilities,
  NewExecution,
  NodeCounters,
  RecordEntry,
  RecordQuery,
  RecordReply,
  ReleaseRequest,
  RetentionPolicy,
  StoredDefinition,
  StoredExecution,
  StoredRecord,
  Transition,
} from './ports/execution-store.js';
export type { IdSource } from './ports/id-source.js';
export type {
  ActorInstance,
  HostedActor,
  InstanceChange,
  InstanceListOptions,
  InstanceRegistry,
  InstanceSlots,
  InstanceStatus,
  InstanceUpdate,
  InstanceWatchOptions,
} from './ports/instance-registry.js';
export type { LogFields, Logger } from './ports/logger.js';
export type {
  Consumer,
  ConsumeOptions,
  DeadLetter,
  DeadLetterGroup,
  DeadLetterListOptions,
  DeadLetterPage,
  DeadLetters,
  DeadLetterSelection,
  Delivery,
  DeliveryHandler,
  GroupStats,
  MessageGroup,
  MessageQueue,
  MessageQueueCapabilities,
  OutgoingMessage,
  QueueStats,
  Verdict,
} from './ports/message-queue.js';
export type {
  OutboxClaim,
  OutboxClaimed,
  OutboxClaimRequest,
  OutboxContent,
  OutboxEntry,
  OutboxFailure,
  OutboxLane,
  OutboxOutcome,
  OutboxParked,
  OutboxState,
  OutboxStats,
  OutboxStep,
  OutboxStepReply,
  OutboxStore,
  OutboxStoreCapabilities,
} from './ports/outbox-store.js';
export type { Random } from './ports/random.js';
export type { TracedAttempt, TraceSink } from './ports/trace-sink.js';
export { ActorRegistry } from './registry/actor-registry.js';
export type {
  ActorLimit,
  ActorRegistration,
  RegisterOptions,
  RegistryChange,
} from './registry/actor-registry.js';
export { ActorWorker } from './worker/actor-worker.js';
export type { WorkerAskOptions, WorkerTellOptions } from './worker/actor-worker.js';
export type { ActorWorkerOptions } from './worker/actor-worker-options.js';
export type {
  ErrorRecord,
  ModelDecision,
  TaskOutcome,
  TaskProgress,
  TaskReport,
  TaskReports,
  TaskRequest,
} from './worker/task.js';
export type { TaskActivity } from './worker/task-pool.js';
export type { RunOptions } from './worker/task-run.js';
export { actorQueueName } from './worker/wire.js';
export type { ActorQueueBody } from './worker/wire.js';
