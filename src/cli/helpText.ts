/** What `lbuild --help` says below its commands. */
export const HELP_TEXT = `
Examples:
  lbuild qcow2                    build what is missing or stale below qcow2, then qcow2
  lbuild iso qcow2 --jobs 4       several targets, four producers at a time
  lbuild qcow2 --disk-size 64G    every param of the distro is an option
  lbuild why qcow2                why it would be built
  lbuild history                  what past builds did
  lbuild watch qcow2              build it again whenever something of it is saved

Exit codes:
  0    done, or up to date
  1    a producer or a check failed
  2    the call or the config is wrong
  3    not up to date (with --check)
  75   another build holds the lock (with --no-wait)
  130  interrupted (143 by SIGTERM, 129 by SIGHUP)

Environment:
  LBUILD_CACHE_DIR  where the cache is, instead of cache/ beside build.config.ts
  NO_COLOR, CI      no colours; plain lines instead of live progress
`
