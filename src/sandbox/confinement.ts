// Probes whether the sandbox works on this host.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { Failure } from '../platform/failure.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'
import type { Namespaces } from './namespaces.ts'
import { hasIds, openNamespaces, probeCommand } from './namespaces.ts'

/** Whether producers run in the sandbox or unconfined. */
export type Confinement = 'sandbox' | 'none'

/** Whether the sandbox works on this host. Runs it once, at the first call of the function that this returns. */
export function sandboxProbe(): () => boolean {
  let works: boolean | undefined
  return () => {
    const [program = '', ...args] = probeCommand()
    works ??=
      hasIds() && spawnSync(program, args, { env: { PATH: SEARCH_PATH }, stdio: 'ignore' }).status === 0
    return works
  }
}

/**
 * Opens the namespaces of the sandbox. If that fails, root may run producers unconfined, and the caller must warn with the
 * reason. Throws a Failure for other users, because they cannot own files of other users without it.
 */
export async function openSandbox(): Promise<Namespaces | { readonly reason: string }> {
  try {
    return await openNamespaces()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (process.geteuid?.() === 0) return { reason }
    throw new Failure('producers cannot run here: you cannot create user namespaces', {
      facts: [['tried', probeCommand().slice(0, 4).join(' ')]],
      tail: reason,
      hint: namespaceHint(),
    })
  }
}

function namespaceHint(): string {
  const subuid = existsSync('/etc/subuid') ? readFileSync('/etc/subuid', 'utf8') : ''
  const user = process.env.USER ?? String(process.geteuid?.())
  if (!subuid.split('\n').some((line) => line.startsWith(`${user}:`)))
    return `add subordinate ids: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`
  return 'allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or run as root'
}
