// Builds the reference distro and packs lbuild before the first test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { TestProject } from 'vitest/node'
import { Distro, HOME, IMAGES } from './distro.ts'

/** Builds the images from nothing, and packs lbuild, once for all files of the suite. */
export default async function setup({ provide }: TestProject): Promise<() => void> {
  const distro = Distro.fresh()
  const { stderr, ...report } = await distro.build(...IMAGES)
  process.stderr.write(stderr)
  provide('workspace', distro.root)
  provide('firstBuild', report)
  const packed = realpathSync(mkdtempSync(`${tmpdir()}/lbuild-packed-`))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', packed], { cwd: HOME, stdio: 'ignore' })
  provide('tarball', `${packed}/${readdirSync(packed)[0]}`)
  return () => {
    distro.remove()
    rmSync(packed, { recursive: true, force: true })
  }
}
