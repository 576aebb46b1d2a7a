// Builds the reference distro before the first test.
import type { TestProject } from 'vitest/node'
import { Distro, IMAGES } from './distro.ts'

/** Builds the images from nothing, once for all files of the suite. */
export default async function setup({ provide }: TestProject): Promise<() => void> {
  const distro = Distro.fresh()
  const { stderr, ...report } = await distro.build(...IMAGES)
  process.stderr.write(stderr)
  provide('workspace', distro.root)
  provide('firstBuild', report)
  return () => distro.remove()
}
