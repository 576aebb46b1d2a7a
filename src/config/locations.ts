/** Where lbuild reads and writes. All three are real, absolute paths. */
export interface Locations {
  /** The directory of build.config.ts. */
  readonly root: string
  /** Where lbuild itself lies. */
  readonly home: string
  /** `cache/`, unless LBUILD_CACHE_DIR says otherwise. */
  readonly cache: string
}
