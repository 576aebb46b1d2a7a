// What `lbuild init` prints about a distro that takes lbuild from a checkout.
import { expect, it } from 'vitest'
import { initReport } from '../../src/cli/init/report.ts'
import { memoryDirectory } from '../support/temporary.ts'
import { TestWorkspace } from '../support/workspace.ts'

it('says that a checkout without compiled types needs them for type checks', () => {
  const checkout = new TestWorkspace({ 'src/api/index.ts': '' }, memoryDirectory())
  const report = (lbuild: string): string =>
    initReport({
      root: `${checkout.root}/distro`,
      dir: 'distro',
      template: 'minimal',
      isDefault: false,
      files: [],
      written: { created: ['package.json'], kept: [] },
      dependencies: { lbuild },
    })
  const note = `note: the lbuild in ${checkout.root} has no compiled types; for type checks, run npm run prepack there\n`
  expect(report('file:..')).toContain(note)
  expect(report('file:../lbuild-0.1.0.tgz')).not.toContain('compiled types')
  expect(report('^0.1.0')).not.toContain('compiled types')
  checkout.write('dist/api/index.d.ts', '')
  expect(report('file:..')).not.toContain('compiled types')
})
