// Measures a build with nothing to do against a Node.js process that does nothing.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyDistro, HOME, lbuild, pair, show, time } from './support.mjs'

const root = copyDistro()
try {
  lbuild(root, ['qcow2'])
  const noop = () => time([process.execPath, join(HOME, 'lbuild'), 'qcow2'], { cwd: root })
  const bare = () => time([process.execPath, '-e', '0'])
  for (let warm = 0; warm < 5; warm += 1) noop()
  show('lbuild qcow2, nothing to do', 'node -e 0', pair(noop, bare, 40))
} finally {
  rmSync(root, { recursive: true, force: true })
}
