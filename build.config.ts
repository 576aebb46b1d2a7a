// LevitateOS: a live ISO and a disk image, made from Debian's packages.
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

export default defineConfig({
  artifacts: [
    // downloads: each lockfile is beside its list
    packages,
    kernelPackages,
    loaderPackages,

    // parts of the system
    base, // the installed packages
    overlay, // our own files, accounts and services
    kernel,
    modules, // the kernel modules of the running system
    loaders,
    initramfs,
    disk, // the disk image without the overlay

    // published images
    rootfs,
    iso,
    qcow2,
  ],

  // Values of params, by NAME or ARTIFACT.NAME; `--set NAME=VALUE` overrides them.
  params: {
    suite: 'bookworm',
    'overlay.hostname': 'levitate',
    'overlay.rootPassword': 'empty',
    'disk.diskSize': '256G',
  },

  // `lbuild watch` and `--profile dev` use this profile, which builds quickly: less compression and a smaller disk.
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

  // The time inside every image: 2026-01-01.
  epoch: 1767225600,
})
