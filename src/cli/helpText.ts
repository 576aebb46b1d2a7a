// The text that `lbuild --help` prints after the commands.

export const HELP_TEXT = `
A target is the name of an artifact of build.config.ts; 'lbuild status' lists them. An artifact is fresh if its outputs
were built from its current inputs, params, tools and code, and have not changed since. 'lbuild TARGET --help' lists the
params and outputs of a target. If the first word is no command, it is a target to build: 'lbuild qcow2' means 'lbuild
build qcow2'. The workspace is the directory of build.config.ts. The store, in the cache directory, holds downloads,
and the outputs and records of past producer runs. If it exceeds its size limit after a build, the build removes the
oldest records that no published output needs, and the files that only they need.

Examples:
  lbuild qcow2                    Build qcow2 and its dependencies
  lbuild iso qcow2 --jobs 4       Build two targets, running at most four producers at once
  lbuild qcow2 --disk-size 64G    Build with another value of the param diskSize
  lbuild qcow2 --help             List the params of qcow2 and its dependencies
  lbuild check                    Report mistakes in the config without building
  lbuild params                   List every param with its value and what set it
  lbuild why qcow2                Explain why qcow2 will be rebuilt
  lbuild history                  Show past builds
  lbuild watch qcow2              Build qcow2, and again after every change of a source file

Exit codes:
  0    success, or nothing to do
  1    the operation failed
  2    the command line or build.config.ts is invalid
  3    --check found an artifact that is not fresh
  75   with --no-wait: another lbuild process works in this workspace
  129, 130, 143  terminated by SIGHUP, SIGINT (Ctrl-C), SIGTERM

Environment:
  LBUILD_CACHE_DIR       the cache directory; a relative path starts at build.config.ts (default: cache/)
  LBUILD_CONFIG_TIMEOUT  how long evaluating build.config.ts may take, in seconds (default: 60)
  NO_COLOR               if set, print no colors
  FORCE_COLOR            if set, print colors even if the output is not a terminal
  CI                     if set, print plain lines instead of live progress, and imply --locked
`
