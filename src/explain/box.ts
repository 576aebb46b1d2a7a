/**
 * The words before a command that may only look (bwrap(1)): it sees the host read-only, has no network, and ends with
 * whoever began it.
 */
export const READ_ONLY: readonly string[] =
  'bwrap --die-with-parent --unshare-pid --unshare-net --ro-bind / / --dev /dev --proc /proc'.split(' ')
