// mydistro: a Debian system on a disk image.
import { defineConfig } from 'lbuild'
import { base } from './artifacts/base/index.ts'
import { initramfs } from './artifacts/initramfs/index.ts'
import { kernel, kernelPackages } from './artifacts/kernel/index.ts'
import { overlay } from './artifacts/overlay/index.ts'
import { packages } from './artifacts/packages/index.ts'
import { qcow2 } from './artifacts/qcow2/index.ts'

export default defineConfig({
  artifacts: [
    // downloads: each lockfile is beside its list
    packages,
    kernelPackages,

    base, // the installed packages
    overlay, // our own files, accounts and services
    kernel,
    initramfs,
    qcow2,
  ],

  // Values of params, by NAME or ARTIFACT.NAME.
  params: {
    suite: 'bookworm',
    'overlay.hostname': 'mydistro',
    'overlay.rootPassword': 'empty',
    'qcow2.diskSize': '16G',
  },

  // `lbuild watch` and `--profile dev` build quickly.
  profiles: { dev: { 'qcow2.compression': 'none' } },

  // What the initramfs prints on the serial console, for `lbuild boot`.
  boot: {
    initramfs: '^initramfs: root ',
    failures: [{ pattern: '^initramfs: failed: ([^\\n]*)\\n', headline: 'the initramfs gave up' }],
  },
})
