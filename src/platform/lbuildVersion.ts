// The version of lbuild.

/** Equals `version` in package.json. */
export const LBUILD_VERSION = '0.1.0'
