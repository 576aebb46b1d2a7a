// Packs and installs lbuild once for all tests of the package, if a registry can be reached.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the tarball that `npm pack` made. */
    tarball: string
    /** A project into which npm installed the tarball, if packages can be installed; no test changes it. */
    installed: string
    /** Why packages cannot be installed; empty if they can. */
    noRegistry: string
  }
}

/** The arguments with which npm installs packages. */
export const INSTALL = ['install', '-D', '--no-audit', '--no-fund'] as const

const HOME = fileURLToPath(new URL('../../..', import.meta.url))

export default function setup({ provide }: TestProject): () => void {
  const directory = mkdtempSync(`${tmpdir()}/lbuild-package-`)
  execFileSync('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: HOME, stdio: 'inherit' })
  const tarball = `${directory}/${readdirSync(directory)[0]}`
  const noRegistry = registryFailure()
  const installed = `${directory}/project`
  mkdirSync(installed)
  if (noRegistry === '') execFileSync('npm', [...INSTALL, tarball], { cwd: installed, stdio: 'pipe' })
  provide('tarball', tarball)
  provide('installed', installed)
  provide('noRegistry', noRegistry)
  return () => rmSync(directory, { recursive: true })
}

function registryFailure(): string {
  try {
    execFileSync('npm', ['view', 'esbuild', 'version', '--fetch-retries', '0'], { stdio: 'pipe' })
    return ''
  } catch (error) {
    const line = String(error instanceof Error ? error.message : error).match(/npm error code \S+/)
    return `no package registry can be reached (${line?.[0] ?? 'npm view fails'})`
  }
}
