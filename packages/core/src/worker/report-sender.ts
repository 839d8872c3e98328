import type { JsonValue } from '../message/json.js';
import type { MessageQueue } from '../ports/message-queue.js';
import type { TaskReport } from './task.js';

/** Characters of outputs that go together, unless one alone is longer: far below what a queue has to store elsewhere. */
const maxLength = 32_768;

export type SendReport = (replyTo: string, report: TaskReport) => Promise<void>;

interface Waiting {
  readonly report: TaskReport;
  readonly sent: () => void;
  readonly refused: (error: unknown) => void;
}

/**
 * Sends the reports of tasks: one message at a time for each queue, with all that have come together meanwhile.
 * A report resolves when it is stored, and rejects with the others of its message.
 */
export function createReportSender(queue: MessageQueue): SendReport {
  const lines = new Map<string, Waiting[]>();

  async function sendAll(replyTo: string, line: Waiting[]): Promise<void> {
    while (line.length > 0) {
      let length = 0;
      const count = line.findIndex(
        ({ report }, index) => (length += lengthOf(report)) > maxLength && index > 0,
      );
      const batch = line.splice(0, count < 0 ? line.length : count);
      const reports = batch.map(({ report }) => report) as unknown as JsonValue;
      try {
        await queue.send(replyTo, [{ body: { reports } }]);
        for (const { sent } of batch) sent();
      } catch (error) {
        for (const { refused } of batch) refused(error);
      }
    }
    lines.delete(replyTo);
  }

  return (replyTo, report) =>
    new Promise((sent, refused) => {
      const line = lines.get(replyTo);
      if (line) return void line.push({ report, sent, refused });
      const first = [{ report, sent, refused }];
      lines.set(replyTo, first);
      void sendAll(replyTo, first);
    });
}

function lengthOf({ outcome }: TaskReport): number {
  return outcome.kind === 'completed' ? outcome.output.length : 1_024;
}
