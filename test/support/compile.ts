// Compiles lbuild before the first test.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Compiles lbuild once, so that no test spends time on it. */
export default function compile(): void {
  execFileSync(fileURLToPath(new URL('../../lbuild', import.meta.url)), ['--version'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
