// Follows docs/tutorial.md word for word, from an empty directory, with the packed lbuild.
import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { inject, onTestFinished, test } from 'vitest'
import { stepsOf } from './support/document.ts'
import { Reader } from './support/reader.ts'

test('every command of the tutorial prints what the page shows, and both images boot as it shows', async () => {
  const root = realpathSync(mkdtempSync(`${tmpdir()}/lbuild-tutorial-`))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  copyFileSync(inject('tarball'), `${root}/${basename(inject('tarball'))}`)
  await new Reader(root).follow(stepsOf('tutorial.md'))
})
