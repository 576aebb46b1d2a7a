// mydistro: Debian's kernel and busybox in one disk image.
import { defineConfig } from 'lbuild'
import { base, packages } from './artifacts/base/index.ts'
import { initramfs } from './artifacts/initramfs/index.ts'
import { qcow2 } from './artifacts/qcow2/index.ts'

export default defineConfig({ artifacts: [packages, base, initramfs, qcow2] })
