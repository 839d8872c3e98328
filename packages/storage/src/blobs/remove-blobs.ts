import type { BlobStore, Logger } from '@certoai/loom-core';

/** Never rejects: what this tidies up after has happened. */
export async function removeBlobs(prefix: string, blobs: BlobStore, logger: Logger): Promise<void> {
  try {
    await blobs.remove(prefix);
  } catch (error) {
    logger.warn('Blobs could not be removed', { prefix, error });
  }
}
