// Replaces a few blobs over and over until it is killed: each is one character, as often as its first line says.
import { writeSync } from 'node:fs';
import { FolderBlobStore } from '../../../src/blobs/folder-blob-store.js';

const [path = ''] = process.argv.slice(2);
const store = new FolderBlobStore({ path });

async function write(key: string): Promise<void> {
  for (let round = 0; ; round += 1) {
    const size = 100_000 + ((round * 7_919) % 400_000);
    await store.put(key, `${size}\n${String.fromCharCode(97 + (round % 26)).repeat(size)}`);
    writeSync(1, `${key} ${round}\n`);
  }
}

await Promise.all(['a/1', 'a/2', 'b', 'a/1/c'].map(write));
