import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Compiles lbuild once, so that no test that starts it pays for that. */
export default function compile(): void {
  execFileSync(fileURLToPath(new URL('../lbuild', import.meta.url)), ['--version'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
