import { fileURLToPath } from 'node:url';
import { type ExecutionHandle, loadPipeline, Loom } from '@certoai/loom';
import type { BriefFinding } from './actors/report-writers.ts';
import { registerActors } from './actors/register-actors.ts';
import { applyEvent, type AuditProgress, progressOf } from './progress/audit-progress.ts';
import type { AuditSummary } from './report/audit-report.ts';

export interface AuditRequest {
  /** Real path of the folder to audit. */
  readonly folder: string;
  /** Absolute path of the folder for the reports. */
  readonly output: string;
  /** Folder in which Loom keeps its state. */
  readonly store: string;
  /** Milliseconds to wait for each package. */
  readonly slowMs: number;
  /** Cancel an unfinished audit of the folder, and begin a new one. */
  readonly fresh: boolean;
}

/** What the pipeline gives: the `output` block of licence-audit.pipeline.yaml. */
export interface AuditOutcome {
  readonly summary: AuditSummary;
  readonly findings: readonly BriefFinding[];
  readonly files: { readonly html: string; readonly markdown: string; readonly json: string };
}

const pipelineFile = fileURLToPath(new URL('licence-audit.pipeline.yaml', import.meta.url));
/** While events tell what changes, this asks from time to time what is so. Milliseconds. */
const syncEveryMs = 1_000;

/** One audit: begun here, or begun by a process that did not live to see its end. */
export class Audit implements AsyncDisposable {
  readonly #loom: Loom;
  readonly #handle: ExecutionHandle;
  /** It was begun by an earlier process. */
  readonly resumed: boolean;
  #progress: AuditProgress;

  private constructor(loom: Loom, handle: ExecutionHandle, resumed: boolean, progress: AuditProgress) {
    this.#loom = loom;
    this.#handle = handle;
    this.resumed = resumed;
    this.#progress = progress;
  }

  /** Goes on with the unfinished audit of this folder, or begins one. */
  static async open({ folder, output, store, slowMs, fresh }: AuditRequest): Promise<Audit> {
    const openedAt = Date.now();
    const loom = new Loom({ embedded: { path: store } });
    try {
      // Before initialize: it picks up what is unfinished, and that needs somebody to do it.
      registerActors(loom, slowMs);
      await loom.initialize();

      // The tag is how a later process finds an audit whose id it never knew.
      const tag = `audit:${folder}`;
      const { items } = await loom.executions.list({ tags: [tag], limit: 1 });
      const [last] = items;
      // One that lacked its last task only may be finished by now: picked up, done, and never shown.
      const unfinished =
        last && (last.status === 'running' || last.status === 'paused' || last.updatedAt >= openedAt);
      let handle = unfinished ? await loom.executions.attach(last.id) : undefined;
      if (handle && fresh) {
        await handle.cancel({ reason: 'a fresh audit was asked for' });
        handle = undefined;
      }
      const resumed = handle !== undefined;
      handle ??= await loom.startPipeline(
        await loadPipeline(pipelineFile),
        { folder, output, startedAt: new Date().toISOString() },
        { tags: [tag] },
      );
      return new Audit(loom, handle, resumed, progressOf(await handle.status()));
    } catch (error) {
      // Why it did not open matters more than what then did not close.
      await loom.close().catch(() => undefined);
      throw error;
    }
  }

  get id(): string {
    return this.#handle.id;
  }

  get progress(): AuditProgress {
    return this.#progress;
  }

  /** Follows the events to the end. @throws PipelineExecutionError when the audit fails */
  async finish(): Promise<AuditOutcome> {
    const syncing = setInterval(() => void this.#sync(), syncEveryMs);
    try {
      for await (const event of this.#handle.events()) this.#progress = applyEvent(this.#progress, event);
      const { output } = await this.#handle.result();
      await this.#sync();
      return output as unknown as AuditOutcome;
    } finally {
      clearInterval(syncing);
    }
  }

  /** Lets go. An unfinished audit stays stored, and the next start goes on with it. */
  close(): Promise<void> {
    return this.#loom.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #sync(): Promise<void> {
    const snapshot = await this.#handle.status().catch(() => undefined);
    if (snapshot) this.#progress = progressOf(snapshot, this.#progress.finishedHere);
  }
}
