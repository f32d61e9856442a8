/** File systems on which the lock of a folder depends on a server, or on another machine. Linux only. */
import { statfsSync } from 'node:fs';

/** By the type that statfs(2) tells; numbers of linux/magic.h and of the file systems themselves. */
const NETWORK: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB',
  0x517b: 'SMB',
  0x01021997: '9p',
  0x5346414f: 'AFS',
  0x73757245: 'Coda',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
  0x47504653: 'GPFS',
  0x7461636f: 'OCFS2',
  0x01161970: 'GFS2',
  0x786f4256: 'vboxsf',
  0xbacbacbc: 'vmhgfs',
  0x65735546: 'FUSE',
};

/** The type that statfs(2) tells of an existing folder; 0 on systems other than Linux. */
function fileSystemType(folder: string): number {
  return process.platform === 'linux' ? statfsSync(folder).type : 0;
}

/** Sentences of warning; none for a disk of this machine. `type`: of statfs(2). */
export function networkWarnings(folder: string, type = fileSystemType(folder)): string[] {
  // Some kernels' numbers come sign-extended.
  const name = NETWORK[type >>> 0];
  return name === undefined
    ? []
    : [
        `${folder} is on a file system that other machines may share (${name}): there the lock that keeps a second run away is only as good as the server, and a write may take seconds; a local --out is safer.`,
      ];
}
