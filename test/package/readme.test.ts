// The example of README's "Your own distro", built with the installed package.
import * as fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { needsRegistry, Project } from './support/project.ts'

needsRegistry()

const README = fs.readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')

/** The text of a section of README, up to the next heading of its level. */
function section(heading: string): string {
  const [, rest = ''] = README.split(`\n## ${heading}\n`)
  return rest.split('\n## ')[0] ?? ''
}

/** The `build.config.ts` of the example. */
const EXAMPLE = /```ts\n(.*?)```/s.exec(section('Your own distro'))?.[1] ?? ''

let project: Project

beforeAll(async () => {
  if (inject('noRegistry') !== '') return
  project = new Project({ 'build.config.ts': EXAMPLE, 'files/etc/motd': 'welcome\n' })
  await project.installCopy()
  await project.done(['npx', 'lbuild', 'release'])
})

/** What a build does with each artifact, in the order of the graph. */
async function outcomes(...args: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  const report = JSON.parse(await project.done(['npx', 'lbuild', 'release', '--json', ...args])) as {
    artifacts: readonly { name: string; outcome: string }[]
  }
  return report.artifacts.map(({ name, outcome }) => [name, outcome] as const)
}

describe('the example of README', () => {
  it('publishes the archive that README names', () => {
    expect(section('Your own distro')).toContain('output/rootfs.erofs.zst')
    // The magic number of zstd (RFC 8878).
    const archive = fs.readFileSync(project.path('output/rootfs.erofs.zst'))
    expect(archive.subarray(0, 4).toString('hex')).toBe('28b52ffd')
  })

  it('reruns only release for another compression level', async () => {
    const fresh = [
      ['rootfs', 'fresh'],
      ['release', 'fresh'],
    ]
    expect(await outcomes()).toEqual(fresh)
    expect(await outcomes('--level', '19')).toEqual([
      ['rootfs', 'fresh'],
      ['release', 'built'],
    ])
    expect(await outcomes('--level', '19')).toEqual(fresh)
  })
})
