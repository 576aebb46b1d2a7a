// Identifies the trees among inputs.
import type { TreeInput } from '../api/inputs.ts'

/** Two inputs have the same id if they are the same tree: one directory, of which they leave out the same entries. */
export const treeId = ({ path, exclude, gitignore }: TreeInput): string =>
  JSON.stringify([path, exclude, gitignore])
