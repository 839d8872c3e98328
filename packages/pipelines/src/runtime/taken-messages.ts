/** Messages that came by a queue, each until its effect is stored: until then its queue keeps it. */
export class TakenMessages {
  #waiting: Set<(isTaken: boolean) => void> | undefined;

  /** @returns `true` once `storing` has resolved; `false` when it rejects, or all are given back before */
  until(storing: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = (this.#waiting ??= new Set());
      const done = (isTaken: boolean): void => {
        if (waiting.delete(done)) resolve(isTaken);
      };
      waiting.add(done);
      void (async () => done(await hasResolved(storing)))();
    });
  }

  /** Whoever serves the execution now must be told of them. */
  giveBack(): void {
    for (const done of this.#waiting ?? []) done(false);
  }
}

async function hasResolved(promise: Promise<void>): Promise<boolean> {
  try {
    await promise;
    return true;
  } catch {
    return false;
  }
}
