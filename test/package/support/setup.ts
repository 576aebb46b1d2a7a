// Packs lbuild once for all tests of the package, and finds out whether a registry can be reached.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the tarball that `npm pack` made. */
    tarball: string
    /** Why packages cannot be installed; empty if they can. */
    noRegistry: string
  }
}

const HOME = fileURLToPath(new URL('../../..', import.meta.url))

export default function setup({ provide }: TestProject): () => void {
  const directory = mkdtempSync(`${tmpdir()}/lbuild-package-`)
  execFileSync('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: HOME, stdio: 'inherit' })
  const [name] = readdirSync(directory)
  provide('tarball', `${directory}/${name}`)
  provide('noRegistry', registryFailure())
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
