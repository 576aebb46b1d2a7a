// The two kinds of states that evidence compares: a past run, and the current workspace.
import type { LockedFile } from '../api/lockfile.ts'
import { isLibrary } from '../config/moduleLabels.ts'
import { pathOfLabel } from '../config/sourceFiles.ts'
import { READ_ONLY_SANDBOX } from '../diff/readOnlySandbox.ts'
import { listingIfThere } from '../fingerprint/tree.ts'
import type { RunRecord } from '../planner/domain.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import type { ObjectStore } from '../store/objects.ts'
import { readSourceTexts, textAt } from '../store/sourceTexts.ts'
import type { Snapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** One side of a comparison. Every method returns undefined if it does not know the value. */
export interface Side {
  /** The text of a file of the workspace, `path` relative to the root; `digest` is its digest on this side. */
  fileText(path: RawPath, digest: Digest | undefined): string | undefined
  moduleText(label: string): string | undefined
  /** The serialized listing of a tree. */
  listing(path: string, digest: Digest | undefined): Promise<string | undefined>
  toolVersion(name: string): Promise<string | undefined>
  /** The serialized listing of a tool. */
  toolListing(name: string, digest: Digest | undefined): Promise<string | undefined>
  /** The path of a file in the listing of a tool: relative to the root, or absolute if it is outside. */
  toolFile(name: string, file: RawPath): RawPath | undefined
  downloads(lockfile: string, digest: Digest | undefined): readonly LockedFile[] | undefined
  /** When something was last edited, or a file of a tool installed, in milliseconds since 1970. */
  editedAt(subject: EditedSubject): number | undefined
}

/** Something whose time of modification can be looked up. A file's path is relative to the root, an output's to `output/`. */
export type EditedSubject =
  | { readonly kind: 'file' | 'output'; readonly path: RawPath }
  | { readonly kind: 'module'; readonly label: string }
  | { readonly kind: 'lockfile'; readonly name: string }
  /** `file` is a name in the listing of the tool. */
  | { readonly kind: 'tool'; readonly name: string; readonly file: RawPath }

/** What a past run saw, as far as its record and the store hold it. */
export class RecordSide implements Side {
  readonly #objects: ObjectStore
  readonly #record: RunRecord | undefined
  readonly #texts: ReadonlyMap<Digest, string>

  constructor(objects: ObjectStore, record: RunRecord | undefined) {
    this.#objects = objects
    this.#record = record
    this.#texts = readSourceTexts(objects, record?.sourceTexts)
  }

  fileText(_: RawPath, digest: Digest | undefined): string | undefined {
    return digest === undefined ? undefined : this.#texts.get(digest)
  }

  moduleText(label: string): string | undefined {
    return this.fileText('', this.#record?.modules[label])
  }

  async listing(_: string, digest: Digest | undefined): Promise<string | undefined> {
    return digest === undefined ? undefined : this.#objects.readText(digest)
  }

  async toolVersion(name: string): Promise<string | undefined> {
    return this.#record?.toolVersions[name]
  }

  toolListing(name: string, digest: Digest | undefined): Promise<string | undefined> {
    return this.listing(name, digest)
  }

  toolFile(): undefined {
    return undefined
  }

  downloads(_: string, digest: Digest | undefined): readonly LockedFile[] | undefined {
    const text = this.fileText('', digest)
    return text === undefined ? undefined : (JSON.parse(text) as LockedFile[])
  }

  editedAt(): undefined {
    return undefined
  }
}

/** What a snapshot knows beside texts. */
type SnapshotFacts = Pick<Snapshot, 'trees' | 'tools' | 'lockfiles'>

/** The current workspace. Without a snapshot it can only return texts and the mtimes of files, outputs and modules. */
export class WorkspaceSide implements Side {
  readonly #workspace: Workspace
  readonly #snapshot: SnapshotFacts | undefined

  constructor(workspace: Workspace, snapshot?: SnapshotFacts) {
    this.#workspace = workspace
    this.#snapshot = snapshot
  }

  fileText(path: RawPath): string | undefined {
    return textAt(this.#workspace.disk, this.#absolute(path))
  }

  moduleText(label: string): string | undefined {
    return isLibrary(label) ? undefined : textAt(this.#workspace.disk, this.#modulePath(label))
  }

  async listing(_: string, digest: Digest | undefined): Promise<string | undefined> {
    const trees = [...(this.#snapshot?.trees.values() ?? [])]
    return listingIfThere(trees.find((tree) => tree.digest === digest))
  }

  async toolVersion(name: string): Promise<string | undefined> {
    const tool = this.#snapshot?.tools.get(name)
    if (!tool) return undefined
    const { toolVersion } = await import('../platform/toolVersion.ts')
    return toolVersion(fromRawPath(tool.path), [...READ_ONLY_SANDBOX, '--'])
  }

  async toolListing(name: string): Promise<string | undefined> {
    return listingIfThere(this.#snapshot?.tools.get(name))
  }

  toolFile(name: string, file: RawPath): RawPath | undefined {
    const path = this.#snapshot?.tools.get(name)?.pathOf(file)
    const root = this.#absolute('')
    return path?.startsWith(root) ? path.slice(root.length) : path
  }

  downloads(lockfile: string): readonly LockedFile[] | undefined {
    return this.#lockfile(lockfile)?.content?.files
  }

  editedAt(subject: EditedSubject): number | undefined {
    const path = this.#pathOf(subject)
    if (path === undefined) return undefined
    const { disk } = this.#workspace
    // A package sets the modification times of its files to the time when they were made.
    const time = subject.kind === 'tool' ? disk.stat(path)?.ctimeNs : disk.lstat(path)?.mtimeNs
    return time === undefined ? undefined : Number(time / 1_000_000n)
  }

  #pathOf(subject: EditedSubject): RawPath | undefined {
    switch (subject.kind) {
      case 'file':
        return this.#absolute(subject.path)
      case 'output':
        return `${toRawPath(this.#workspace.locations.output)}/${subject.path}`
      case 'module':
        return this.#modulePath(subject.label)
      case 'tool':
        return this.#snapshot?.tools.get(subject.name)?.pathOf(subject.file)
      case 'lockfile': {
        const path = this.#lockfile(subject.name)?.node.path
        return path === undefined ? undefined : this.#absolute(toRawPath(path))
      }
    }
  }

  #absolute(path: RawPath): RawPath {
    return `${toRawPath(this.#workspace.locations.root)}/${path}`
  }

  #modulePath(label: string): RawPath {
    return toRawPath(pathOfLabel(this.#workspace.configFiles, label, this.#workspace.locations.root))
  }

  #lockfile(name: string): Snapshot['lockfiles'][number] | undefined {
    return this.#snapshot?.lockfiles.find(({ node }) => node.name === name)
  }
}
