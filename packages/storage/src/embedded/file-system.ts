import type { StoreFinding } from '../internal/store-finding.js';

/** What `statfs` says of the file system of a folder. */
export interface FileSystem {
  /** Only Linux has these numbers; https://man7.org/linux/man-pages/man2/statfs.2.html */
  readonly type: number;
  readonly freeBytes: number;
}

const networks: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'SMB',
  0xfe534d42: 'SMB',
  0x01021997: '9P',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
  0x5346414f: 'AFS',
  0x47504653: 'GPFS',
};
const inMemory: readonly number[] = [0x01021994, 0x858458f6];
const overlay = 0x794c7630;

/** Whether SQLite's locks hold there, and whether it outlives the machine. */
export function judgeFileSystem({ type }: FileSystem, platform: string = process.platform): StoreFinding {
  const check = 'file-system';
  if (platform !== 'linux')
    return {
      check,
      severity: 'ok',
      message: 'Whether the folder is on a network share cannot be told here.',
    };
  const network = networks[type];
  if (network !== undefined)
    return {
      check,
      severity: 'warning',
      message: `The folder is on a network share (${network}), where locks may not hold and every commit waits for the network.`,
      fix: 'Use a disk of this machine, or Redis for several machines.',
    };
  if (inMemory.includes(type))
    return {
      check,
      severity: 'warning',
      message: 'The folder is on a file system in memory: everything is gone when the machine ends.',
      fix: 'Use a folder on a disk.',
    };
  if (type === overlay)
    return {
      check,
      severity: 'ok',
      message: 'The folder is on the own layer of a container, and goes with it; a mounted volume stays.',
    };
  return { check, severity: 'ok', message: 'The folder is on a local file system.' };
}

const littleBytes = 1024 ** 3;
const almostNoBytes = 64 * 1024 ** 2;

export function judgeSpace({ freeBytes }: FileSystem, maxBytes: number | undefined): StoreFinding {
  const measured = { freeBytes };
  const free = `${Math.floor(freeBytes / 1024 ** 2)} MiB are free`;
  const check = 'space';
  if (freeBytes < littleBytes)
    return {
      check,
      severity: freeBytes < almostNoBytes ? 'error' : 'warning',
      message: `${free} where the folder is; a full disk stops every execution.`,
      fix: 'Make room on the disk, or shorten the retention of finished executions.',
      measured,
    };
  if (maxBytes !== undefined && maxBytes > freeBytes)
    return {
      check,
      severity: 'warning',
      message: `${free} where the folder is, and embedded.maxBytes lets the store grow to ${Math.floor(maxBytes / 1024 ** 2)} MiB.`,
      fix: 'Make room on the disk, or lower embedded.maxBytes.',
      measured,
    };
  return { check, severity: 'ok', message: `${free} where the folder is.`, measured };
}
