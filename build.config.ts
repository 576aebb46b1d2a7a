import { defineConfig } from 'lbuild'
import { base } from './artifacts/base/index.ts'
import { disk } from './artifacts/disk/index.ts'
import { initramfs } from './artifacts/initramfs/index.ts'
import { iso } from './artifacts/iso/index.ts'
import { kernel } from './artifacts/kernel/index.ts'
import { kernelPackages } from './artifacts/kernel/lock.ts'
import { loaders } from './artifacts/loaders/index.ts'
import { loaderPackages } from './artifacts/loaders/lock.ts'
import { modules } from './artifacts/modules/index.ts'
import { overlay } from './artifacts/overlay/index.ts'
import { packages } from './artifacts/packages/index.ts'
import { qcow2 } from './artifacts/qcow2/index.ts'
import { rootfs } from './artifacts/rootfs/index.ts'

/** LevitateOS: Debian's packages, a live ISO and a disk image. */
export default defineConfig({
  artifacts: [
    // what is fetched, each by a lock beside its list
    packages,
    kernelPackages,
    loaderPackages,

    // the parts of the system
    base, // the packages, installed
    overlay, // our own files, accounts and services over them
    kernel,
    modules, // the kernel modules that the system has
    loaders,
    initramfs,
    disk, // all that the disk image has besides the overlay

    // what is published
    rootfs,
    iso,
    qcow2,
  ],

  // Values of params, by name or by ARTIFACT.NAME; `--set NAME=VALUE` wins over these.
  params: {
    suite: 'bookworm',
    'overlay.hostname': 'levitate',
    'overlay.rootPassword': 'empty',
    'disk.diskSize': '256G',
  },

  // What `lbuild watch` takes, and `--profile dev`: quick to build, with less compression and a smaller disk. A build
  // takes none of it.
  profiles: {
    dev: {
      'initramfs.compressionLevel': 3,
      'rootfs.erofsCompression': 'lz4',
      'qcow2.qcow2Compression': 'none',
      'disk.diskSize': '16G',
    },
  },

  // What our initramfs prints on the serial console, for `lbuild boot`.
  boot: {
    initramfs: '^lbuild-initramfs: (?:root|medium) ',
    failures: [
      {
        pattern: '^lbuild-initramfs: failed: ([^\\n]*)\\n',
        headline: 'the initramfs gave up',
        hint: 'check root= (or the live medium) against the ids of the image, and the list of modules in the initramfs',
      },
    ],
  },

  // the time inside everything that is built: 2026-01-01
  epoch: 1767225600,
})
