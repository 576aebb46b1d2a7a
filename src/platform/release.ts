// The version of lbuild.
/** The version of lbuild. */
export const RELEASE = '0.1.0'
