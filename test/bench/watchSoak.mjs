// A soak test of watch: `node test/bench/watchSoak.mjs MINUTES` edits a generated distro about every second, at random: files,
// directories and links, the config, errors in a producer or the config, and their fixes. It prints the resources of watch
// and finally compares its outputs with those of a clean build.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync } from 'node:fs'
import { rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { lbuild, watching } from './support.mjs'

const minutes = Number(process.argv[2] ?? 10)
/** The longest wait between two edits, in milliseconds. */
const LONGEST = 2_000
const root = mkdtempSync(join(tmpdir(), 'lbuild-soak-'))
const at = (path) => join(root, path)
const pick = (all) => all[Math.floor(Math.random() * all.length)]

const config = (title) => `import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, file, text, tree } from 'lbuild'
const note = artifact('note', { inputs: { note: file('note') }, outputs: { note: 'note' },
  produce({ inputs, outputs }) {
    if (readFileSync(inputs.note, 'utf8') === 'bad') throw new Error('a bad note')
    copyFileSync(inputs.note, outputs.note)
  } })
const packed = artifact('packed', { inputs: { src: tree('src') }, tools: ['tar'], outputs: { tar: 'packed.tar' },
  produce: ({ inputs, outputs, run }) => run('tar', ['--sort=name', '-cf', outputs.tar, '-C', inputs.src, '.']) })
const image = artifact('image', { inputs: { tar: packed.output('tar') }, params: { title: text('') },
  outputs: { image: 'image' },
  produce: ({ inputs, outputs, params }) =>
    writeFileSync(outputs.image, Buffer.concat([Buffer.from(params.title), readFileSync(inputs.tar)])) })
export default defineConfig({ artifacts: [note, packed, image], params: { title: '${title}' } })
`

let count = 0
const some = () => `src/${Math.floor(Math.random() * 20)}`
const file = () => {
  const directory = some()
  const names = readdirSync(at(directory)).filter((name) => name !== 'link')
  return names.length > 0 ? `${directory}/${pick(names)}` : undefined
}
const write = (path, text = `${count}`) => writeFileSync(at(path), text)
const onFile = (act) => () => {
  const path = file()
  if (path !== undefined) act(path)
}
const link = (directory, to) => {
  rmSync(at(`${directory}/link`), { force: true })
  symlinkSync(to, at(`${directory}/link`))
}

const EDITS = {
  write: onFile((path) => write(path)),
  create: () => write(`${some()}/new-${count}`),
  delete: onFile((path) => rmSync(at(path))),
  rename: onFile((path) => renameSync(at(path), at(`${some()}/renamed-${count}`))),
  touch: onFile((path) => utimesSync(at(path), count, count)),
  'atomic save': onFile((path) => {
    write('saved~')
    renameSync(at('saved~'), at(path))
  }),
  'directory out and in': () => {
    const directory = some()
    renameSync(at(directory), at('aside'))
    renameSync(at('aside'), at(directory))
  },
  'directory with files': () => {
    mkdirSync(at(`src/deep/${count % 7}/${count}`), { recursive: true })
    write(`src/deep/${count % 7}/${count}/file`)
  },
  'directory away': () => rmSync(at(`src/deep/${count % 7}`), { recursive: true, force: true }),
  link: () => link(some(), `to-${count}`),
  note: () => write('note'),
  'bad note': () => write('note', 'bad'),
  config: () => write('build.config.ts', config(count)),
  'bad config': () => write('build.config.ts', `${config(count)}const = `),
}

/** The resources of a process: memory in MiB, open files, inotify watches, children. */
function takes(pid) {
  const read = (path) => readFileSync(`/proc/${pid}/${path}`, 'utf8')
  const fds = readdirSync(`/proc/${pid}/fd`)
  const isInotify = (fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === 'anon_inode:inotify'
    } catch {
      return false
    }
  }
  const watches = fds
    .filter(isInotify)
    .flatMap((fd) => read(`fdinfo/${fd}`).match(/^inotify wd/gm) ?? []).length
  const children = read(`task/${pid}/children`).split(' ').filter(Boolean).length
  const rss = Math.round(Number(/VmRSS:\s+(\d+)/.exec(read('status'))[1]) / 1024)
  return `${rss} MiB resident, ${fds.length} open files, ${watches} watches, ${children} children`
}

const outputs = (directory) =>
  Object.fromEntries(
    readdirSync(join(directory, 'output')).map((name) => [
      name,
      readFileSync(join(directory, 'output', name), 'latin1'),
    ]),
  )

try {
  for (let n = 0; n < 20; n += 1) {
    mkdirSync(at(`src/${n}`), { recursive: true })
    for (let m = 0; m < 10; m += 1) write(`src/${n}/${m}`, `${n} ${m}`)
    link(`src/${n}`, 'nowhere')
  }
  write('note')
  write('build.config.ts', config(0))
  const watch = watching(root, ['note', 'image'])
  await watch.next('idle')
  const { pid } = watch.child
  console.log(`start: ${takes(pid)}`)
  const startedAt = Date.now()
  for (let minute = 1; minute <= minutes; minute += 1) {
    while (Date.now() - startedAt < minute * 60_000) {
      count += 1
      EDITS[pick(Object.keys(EDITS))]()
      await setTimeout(Math.random() * LONGEST)
    }
    console.log(`minute ${minute}, ${count} edits: ${takes(pid)}`)
  }
  count += 1
  write('build.config.ts', config(count))
  const last = watch.next(
    'idle',
    ({ fresh, configFailed }) => fresh && !configFailed && note() === `${count}`,
  )
  const note = () => readFileSync(at('output/note'), 'utf8')
  write('note')
  await last
  console.log(`end: ${takes(pid)}`)
  const of = (type, more = () => true) =>
    watch.events.filter((event) => event.type === type && more(event)).length
  const runs = (type) => of('build', ({ event }) => event.type === type)
  console.log(
    `${count} edits, ${of('built')} builds, ${runs('built')} runs, ${runs('restored')} restored, ${runs('cancelled')} cancelled, ${runs('failed')} failed`,
  )
  watch.child.kill('SIGINT')
  const clean = mkdtempSync(join(tmpdir(), 'lbuild-soak-'))
  for (const part of ['src', 'note', 'build.config.ts'])
    cpSync(at(part), join(clean, part), { recursive: true, verbatimSymlinks: true })
  lbuild(clean, ['note', 'image'])
  const same = isDeepStrictEqual(outputs(root), outputs(clean))
  rmSync(clean, { recursive: true })
  console.log(same ? 'outputs are those of a clean build' : 'OUTPUTS ARE NOT THOSE OF A CLEAN BUILD')
  process.exitCode = same ? 0 : 1
} finally {
  rmSync(root, { recursive: true, force: true })
}
