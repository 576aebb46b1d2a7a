// Reads the installed packages of a Debian system from the status file of dpkg(1).

/** An installed package, as the content of an image. */
export interface InstalledPackage {
  readonly type: 'package'
  /** The version. */
  readonly content: string
}

/** Finds the installed packages in the status file of dpkg, by `package NAME`. lbuild passes it to what compares images. */
export const packageDatabase = {
  /** The path in an image, without a leading slash (dpkg(1), FILES). */
  path: 'var/lib/dpkg/status',
  /** The text consists of stanzas of fields (deb822(5)); stanzas that lack a field are skipped. */
  read(text: string): ReadonlyMap<string, InstalledPackage> {
    const packages = new Map<string, InstalledPackage>()
    for (const stanza of text.split(/\n\n+/)) {
      const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]
      const [name, version] = [field('Package'), field('Version')]
      if (name !== undefined && version !== undefined && field('Status')?.endsWith(' installed') === true)
        packages.set(`package ${name}`, { type: 'package', content: version })
    }
    return packages
  },
}
