// The version of lbuild.
/** Equals `version` in package.json. */
export const RELEASE = '0.1.0'
