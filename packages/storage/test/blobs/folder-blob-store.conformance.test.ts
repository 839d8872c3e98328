import { blobStoreConformance } from '@certoai/loom-core/testing';
import { afterAll, describe, test } from 'vitest';
import { FolderBlobStore } from '../../src/blobs/folder-blob-store.js';
import { BlobFolders } from './blob-folders.js';

describe('FolderBlobStore', () => {
  const folders = new BlobFolders();
  afterAll(() => folders.clear());

  for (const check of blobStoreConformance) {
    test(check.name, () => {
      let path: string;
      const open = async (): Promise<FolderBlobStore> => new FolderBlobStore({ path });
      return check.run({
        create: () => {
          path = folders.make();
          return open();
        },
        another: open,
        // Nothing is kept in the process; what a kill in the middle of a write leaves is a test of its own.
        crash: open,
      });
    });
  }
});
