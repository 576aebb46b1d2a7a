/**
 * Sets permissions in a layer from a table of paths.
 * @module lbuild/images/permissions
 */
import { Failure } from '../api/index.ts'
import type { Layer } from './layer.ts'

/** Permissions by path: `{ "/etc/secret": { "mode": "0600", "uid": 0, "gid": 0 } }`. */
export type Permissions = Readonly<
  Record<string, { readonly mode?: string; readonly uid?: number; readonly gid?: number }>
>

/** Sets the permissions of a table. Throws a Failure when a path is missing or a mode is not octal. */
export function setPermissions(layer: Layer, table: Permissions): void {
  for (const [path, { mode, ...owner }] of Object.entries(table)) {
    if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode))
      throw new Failure(`invalid mode '${mode}' for '${path}'`, { hint: 'write it in octal digits: "0640"' })
    layer.setAttributes(path, { ...owner, ...(mode === undefined ? {} : { mode: parseInt(mode, 8) }) })
  }
}
