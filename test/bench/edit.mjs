// Measures a build after an edit of one overlay file, from the save to the finished qcow2, against a build with nothing to do.
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyDistro, lbuild, pair, show } from './support.mjs'

const root = copyDistro()
try {
  lbuild(root, ['qcow2'])
  const edit = () => {
    appendFileSync(join(root, 'artifacts/overlay/files/etc/motd'), 'edited\n')
    return lbuild(root, ['qcow2'])
  }
  show(
    'one overlay file edited, to the finished qcow2',
    'nothing to do',
    pair(edit, () => lbuild(root, ['qcow2']), 5),
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}
