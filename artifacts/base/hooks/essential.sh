#!/bin/sh
# Run by mmdebstrap before the packages that are not essential ($1 is the tree): openssh-server makes no host keys
# where it finds some. It would take seconds, and customize.sh removes them.
set -eu
install -d -m 0755 "$1/etc/ssh"
for kind in rsa ecdsa ed25519; do
  : > "$1/etc/ssh/ssh_host_${kind}_key"
done
