// Measures watching: the time from a save to the start and the end of the build, against a plain build of the same edit; the
// time and memory to watch a tree of 100,000 files; and, in the reference distro, the time from the save of an overlay file
// to the finished disk image, by phase.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyDistro, lbuild, median, now, watching } from './support.mjs'

const EDITS = 15
/** How many builds of the reference distro are measured. */
const IMAGES = 5

const ms = (all) => `${median(all).toFixed(0)} ms`
const seconds = (all) => `${median(all).toFixed(2)} s`

/** Saves a file under watch; gives the milliseconds to the start and to the end of the build. */
async function saved(watch, save) {
  const [building, built, idle] = ['building', 'built', 'idle'].map((type) => watch.next(type))
  const at = now()
  save()
  const times = [(await building) - at, (await built) - at]
  await idle
  return times
}

const CONFIG = `import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, file, tree } from 'lbuild'
const note = artifact('note', { inputs: { note: file('note') }, outputs: { note: 'note' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.note, outputs.note) })
const many = artifact('many', { inputs: { src: tree('src') }, outputs: { many: 'many' },
  produce: ({ inputs, outputs }) => writeFileSync(outputs.many, String(readdirSync(inputs.src).length)) })
export default defineConfig({ artifacts: [note, many] })
`

async function smallTarget(root) {
  const write = (text) => writeFileSync(join(root, 'note'), text)
  write('0')
  const watch = watching(root, ['note'])
  await watch.next('idle')
  const times = []
  for (let edit = 1; edit <= EDITS; edit += 1) times.push(await saved(watch, () => write(`watched ${edit}`)))
  watch.child.kill()
  const plain = []
  for (let edit = 1; edit <= EDITS; edit += 1) {
    write(`plain ${edit}`)
    plain.push(lbuild(root, ['note']) * 1000)
  }
  const [starts, ends] = [0, 1].map((at) => times.map((pair) => pair[at]))
  console.log(
    `a small target: save to start of build ${ms(starts)}, to finished target ${ms(ends)}; a plain build ${ms(plain)}`,
  )
}

async function manyFiles(root) {
  for (let n = 0; n < 1_000; n += 1) {
    mkdirSync(join(root, `src/${n % 40}/${n}`), { recursive: true })
    for (let m = 0; m < 100; m += 1) writeFileSync(join(root, `src/${n % 40}/${n}/${m}`), `${n} ${m}`)
  }
  lbuild(root, ['many'])
  const watch = watching(root, ['many'])
  const ready = (await watch.next('watching')) - watch.startedAt
  await watch.next('idle')
  const [, memory] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${watch.child.pid}/status`, 'utf8'))
  const [start, end] = await saved(watch, () => writeFileSync(join(root, 'src/0/0/0'), 'edited'))
  watch.child.kill()
  console.log(
    `100,000 files: watched after ${ready.toFixed(0)} ms with ${(memory / 1024).toFixed(0)} MiB; save to start of build ${start.toFixed(0)} ms, to finished target ${end.toFixed(0)} ms`,
  )
}

async function image(root) {
  let edits = 0
  const edit = () => appendFileSync(join(root, 'artifacts/overlay/files/etc/motd'), `edit ${(edits += 1)}\n`)
  const watch = watching(root, ['qcow2'])
  await watch.next('idle', ({ fresh }) => fresh)
  const times = []
  const phases = []
  for (let turn = 0; turn < IMAGES; turn += 1) {
    const from = watch.events.length
    times.push((await saved(watch, edit))[1] / 1000)
    phases.push(phasesOf(watch.events.slice(from)))
  }
  watch.child.kill()
  const plain = (args) =>
    Array.from({ length: IMAGES }, () => {
      edit()
      return lbuild(root, ['qcow2', ...args])
    })
  lbuild(root, ['qcow2'])
  const [dev, release] = [plain(['--profile', 'dev']), plain([])]
  console.log(
    `a file of the overlay to the finished qcow2: watch (dev) ${seconds(times)}; lbuild --profile dev ${seconds(dev)}; lbuild ${seconds(release)}`,
  )
  const names = Object.keys(phases[0])
  const parts = names.map((name) => `${name} ${seconds(phases.map((one) => one[name]))}`)
  console.log(`of the time of qcow2 under watch: ${parts.join(', ')}`)
}

/** How long each phase of the artifact took, in seconds. */
function phasesOf(events) {
  const own = events.filter(({ type, event }) => type === 'build' && event.artifact === 'qcow2')
  const at = (name) => own.find(({ event }) => event.type === name || event.phase === name).at / 1000
  return {
    inputs: at('produce') - at('running'),
    produce: at('keep') - at('produce'),
    keep: at('publish') - at('keep'),
    publish: at('built') - at('publish'),
  }
}

const root = mkdtempSync(join(tmpdir(), 'lbuild-bench-'))
try {
  writeFileSync(join(root, 'build.config.ts'), CONFIG)
  await smallTarget(root)
  await manyFiles(root)
} finally {
  rmSync(root, { recursive: true, force: true })
}

const distro = copyDistro()
try {
  await image(distro)
} finally {
  rmSync(distro, { recursive: true, force: true })
}
