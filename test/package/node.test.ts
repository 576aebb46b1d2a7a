// The releases of Node.js on which lbuild runs, and what it prints on an older one.
import { beforeAll, expect, inject, it } from 'vitest'
import { DISTRO, needsRegistry, Project } from './support/project.ts'

needsRegistry()

let project: Project
let nodes: Project

/** Node.js of a major release: npm has its executables. */
async function nodeOf(major: number): Promise<string> {
  const name = `node-linux-${process.arch}`
  await nodes.install(`node-${major}@npm:${name}@${major}`)
  return nodes.path(`node_modules/node-${major}/bin/node`)
}

beforeAll(async () => {
  if (inject('noRegistry') !== '') return
  nodes = new Project()
  project = new Project(DISTRO)
  await project.installCopy()
})

it.each([20, 22, 24])('builds with Node.js %i, in which producers run, too', async (major) => {
  const lbuild = [await nodeOf(major), project.path('node_modules/.bin/lbuild')]
  expect(await project.done([...lbuild, 'image'])).toMatch(/^done: /)
  expect(project.read('output/node.txt')).toMatch(new RegExp(`^v${major}\\.`))
  expect(await project.done([...lbuild, 'image'])).toMatch(/^image is fresh: nothing to do/)
})

it.each([12, 16, 18])('prints the version that it needs on Node.js %i', async (major) => {
  const { code, stdout, stderr } = await project.run([
    await nodeOf(major),
    project.path('node_modules/.bin/lbuild'),
  ])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^error: lbuild needs Node\.js 20\.19 or newer; this is v\d+\.\d+\.\d+\n$/)
})
