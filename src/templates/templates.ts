// The templates of `lbuild init`, by name. The files of a template are in the folder of its name, those of all templates in `shared/`.

/** What each template makes, as a phrase for `--help`. */
export const TEMPLATES: ReadonlyMap<string, string> = new Map([
  ['minimal', "Debian's kernel and busybox, which run in memory"],
  ['debian', 'a Debian system with systemd on an ext4 disk'],
])

/** The template that `init` uses unless one is named. */
export const DEFAULT_TEMPLATE = 'minimal'

/** The folder of the files of all templates. */
export const SHARED_FILES = 'shared'

/** The name of the distro in the files of the templates; `init` replaces it by that of the new distro. */
export const PLACEHOLDER = 'mydistro'
