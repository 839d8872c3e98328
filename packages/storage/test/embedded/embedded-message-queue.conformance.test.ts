import { ManualClock, messageQueueConformance, settled } from '@certoai/loom-core/testing';
import type { MessageQueueHarness } from '@certoai/loom-core/testing';
import type { MessageQueue } from '@certoai/loom-core';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import type { SqliteDriverName } from '@certoai/loom-storage/embedded';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { drivers } from './opened-stores.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.each(drivers)('EmbeddedStore.messages on %s', (driver) => {
  for (const check of messageQueueConformance) test(check.name, () => check.run(new EmbeddedHarness(driver)));
});

class EmbeddedHarness implements MessageQueueHarness {
  readonly movesClock = true;
  readonly #clock = new ManualClock();
  readonly #driver: SqliteDriverName;
  #folder = '';

  constructor(driver: SqliteDriverName) {
    this.#driver = driver;
  }
  create(): Promise<MessageQueue> {
    return this.#open(newFolder());
  }
  /** Opens a copy of what is on disk: all that a process killed at this moment would leave behind. */
  async crash(): Promise<MessageQueue> {
    const copy = newFolder();
    for (const file of readdirSync(this.#folder)) {
      if (!file.endsWith('-shm')) copyFileSync(join(this.#folder, file), join(copy, file));
    }
    return this.#open(copy);
  }
  async elapse(ms: number): Promise<void> {
    // Transactions take turns of the event loop that no clock knows of.
    await settled(2);
    await this.#clock.advance(ms);
  }
  async #open(path: string): Promise<MessageQueue> {
    this.#folder = path;
    return (await openEmbeddedStore({ path, clock: this.#clock, sync: 'normal', driver: this.#driver }))
      .messages;
  }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loom-messages-'));
  folders.push(folder);
  return folder;
}
