// Compares a clean build, with lockfiles and downloads, with the pipeline of shell scripts. Run it as an ordinary user, since
// the pipeline creates user namespaces; a turn takes about two minutes.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyDistro, HOME, lbuild, show, time } from './support.mjs'

const turns = Number(process.argv[2] ?? 1)

function byHand() {
  const proto = mkdtempSync(join(tmpdir(), 'lbuild-hand-'))
  // The namespaces of the pipeline have other users.
  chmodSync(proto, 0o755)
  try {
    const scripts = join(HOME, 'test/bench/hand-pipeline')
    for (const part of ['ir', 'tmp', 'kern', 'out']) mkdirSync(join(proto, part))
    for (const name of readdirSync(scripts))
      cpSync(join(scripts, name), join(proto, name.startsWith('init-') ? `ir/${name}` : name))
    return time(['bash', '11-all.sh', 'out'], { cwd: proto, env: { ...process.env, PROTO: proto } })
  } finally {
    time(['unshare', '--map-auto', '--map-root-user', 'rm', '-rf', proto])
  }
}

function clean() {
  const root = copyDistro()
  try {
    for (const name of ['packages', 'kernel', 'loaders'])
      rmSync(join(root, `artifacts/${name}/${name}.lock`), { force: true })
    return lbuild(root, ['iso', 'qcow2'])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

show(
  'lbuild iso qcow2, clean',
  'by hand',
  Array.from({ length: turns }, () => [clean(), byHand()]),
)
