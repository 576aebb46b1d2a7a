// Workspaces that are built once for all files of a run of tests, and copied for each test.
import { existsSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { errorCode } from '../../src/platform/disk.ts'
import { TestWorkspace } from './workspace.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory of the templates, which is removed after the last test. */
    templates: string
  }
}

/** Creates the directory of the templates. The first test that needs a template builds it. */
export default function setup({ provide }: TestProject): () => void {
  const directory = realpathSync(mkdtempSync(`${tmpdir()}/lbuild-templates-`))
  provide('templates', directory)
  return () => rmSync(directory, { recursive: true, force: true })
}

/**
 * Returns the template `name`, of which a test takes a copy. If the template is missing, `make` creates it in an empty
 * workspace.
 */
export async function templateOf(
  name: string,
  make: (workspace: TestWorkspace) => Promise<unknown>,
): Promise<TestWorkspace> {
  const templates = inject('templates')
  const template = new TestWorkspace({}, `${templates}/${name}`)
  if (!existsSync(template.root)) {
    const made = new TestWorkspace({}, mkdtempSync(`${templates}/new-`))
    await make(made)
    publish(made.root, template.root)
  }
  return template
}

/** Gives a finished template its name. If another worker was faster, its template stays. */
function publish(made: string, template: string): void {
  try {
    renameSync(made, template)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) throw error
  }
}
